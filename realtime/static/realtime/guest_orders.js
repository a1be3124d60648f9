/** How guests see an order: its number, how far it is, what is on it and what it costs. */

import { element, filled } from "./ticket.js";

const STEPS = ["pending", "confirmed", "preparing", "ready", "served"];

/** Write an amount as the guest's language does. */
export function price(amount, currency) {
  const options = { style: "currency", currency };
  return new Intl.NumberFormat(document.documentElement.lang, options).format(Number(amount));
}

/** Build the card of an order. */
export function orderCard(order, text) {
  const status = element("strong", { class: "guest-status" }, text.statuses[order.status] ?? order.status);
  const head = element("p", { class: "guest-order-head" }, element("span", {}, order.order_number), status);
  const lines = element("ul", { class: "guest-lines" }, ...order.items.map((item) => line(item, order, text)));
  const sum = element("p", { class: "guest-sum" }, element("span", {}, text.total), price(order.final_amount, order.currency));
  const paid = Number(order.paid_amount) > 0
    ? element("p", { class: "guest-sum" }, element("span", {}, text.paid), price(order.paid_amount, order.currency))
    : null;
  const attributes = { class: "guest-order", "data-order": order.id, "data-status": order.status };
  const allergies = order.allergies?.length
    ? element("p", { class: "guest-allergens" }, `${text.allergies}: ${order.allergies.join(", ")}`)
    : null;
  return element("li", attributes, head, progress(order), estimate(order, text), allergies, lines, sum, paid);
}

/** A bar says nothing that the words beside it don't: it is hidden from screen readers. */
function progress(order) {
  const at = STEPS.indexOf(order.status);
  if (at < 0) return null;
  const steps = STEPS.map((_, index) => element("span", { "data-done": index <= at ? "" : null }));
  return element("p", { class: "guest-steps", "aria-hidden": "true" }, ...steps);
}

function estimate(order, text) {
  if (!order.estimated_ready_at || !["confirmed", "preparing"].includes(order.status)) return null;
  const options = { hour: "2-digit", minute: "2-digit" };
  const time = new Date(order.estimated_ready_at).toLocaleTimeString(document.documentElement.lang, options);
  return element("p", { class: "guest-soft" }, filled(text.ready_at, { time }));
}

function line(item, order, text) {
  const extras = item.modifiers.map((modifier) => modifier.name).join(", ");
  const name = element("span", { class: "guest-line-name" }, `${item.quantity} × ${item.menu_item.name}`);
  if (extras) name.append(element("span", { class: "guest-soft" }, extras));
  if (item.special_instructions) name.append(element("span", { class: "guest-soft" }, item.special_instructions));
  const said = text.item_statuses[item.status] ?? "";
  const status = said ? element("span", { class: "guest-soft" }, said) : null;
  const cost = element("span", {}, price(item.line_total, order.currency));
  return element("li", { class: "guest-line", "data-status": item.status }, name, status, cost);
}
