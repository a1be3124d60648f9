/** The menu as guests order from it, and what they have chosen so far. */

import { element, filled } from "./ticket.js";
import { price } from "./guest_orders.js";

const MOST_PORTIONS = 99;

/** Build the menu: a heading for each category, a card for each dish. `add` is called with (dish, modifiers). */
export function menuList(dishes, currency, text, add) {
  const sections = new Map();
  for (const dish of dishes) {
    const { id, name } = dish.category;
    if (!sections.has(id)) sections.set(id, element("section", { class: "guest-category" }, element("h3", {}, name)));
    sections.get(id).append(dishCard(dish, currency, text, add));
  }
  return [...sections.values()];
}

function dishCard(dish, currency, text, add) {
  const title = element("h4", {}, dish.name, " ", element("span", { class: "guest-price" }, price(dish.price, currency)));
  const kind = dish.food_type ? element("span", { class: "guest-tag" }, dish.food_type.name) : null;
  const allergens = dish.allergens.map((allergen) => allergen.name).join(", ");
  const form = element("form", { class: "guest-dish", "data-dish": dish.id },
    dish.image_url ? element("img", { src: dish.image_url, alt: "", loading: "lazy", width: 96, height: 96 }) : null,
    element("div", { class: "guest-dish-text" }, title, kind,
      dish.description ? element("p", { class: "guest-soft" }, dish.description) : null,
      allergens ? element("p", { class: "guest-allergens" }, `${text.contains}: ${allergens}`) : null),
    ...dish.modifier_groups.map((group) => choice(dish, group, currency, text)),
    element("p", { class: "guest-problem", role: "alert" }),
    element("button", { class: "button", "aria-label": filled(text.add_named, { dish: dish.name }) }, text.add));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const short = lacking(form, dish);
    form.querySelector(".guest-problem").textContent = short ? asked(short, text) : "";
    if (short) return;
    add(dish, chosen(form, dish));
    form.reset(); // the next portion may be had in another way
  });
  return form;
}

function asked(group, text) {
  const { name, min, max } = group;
  return filled(min > 0 ? text.choose_at_least : text.choose_up_to, { group: name, min, max });
}

function choice(dish, group, currency, text) {
  const options = group.modifiers.map((modifier) => {
    const one = group.max === 1 && group.min === 1;
    const name = `choice-${dish.id}-${group.id}`;
    const input = element("input", { type: one ? "radio" : "checkbox", name, value: modifier.id });
    const extra = Number(modifier.price) > 0 ? ` (+${price(modifier.price, currency)})` : "";
    return element("label", { class: "guest-option" }, input, ` ${modifier.name}${extra}`);
  });
  return element("fieldset", { class: "guest-choice" }, element("legend", {}, asked(group, text)), ...options);
}

/** The ids that are ticked in a form. */
function ticked(form) {
  return new Set([...form.querySelectorAll("input:checked")].map((input) => Number(input.value)));
}

function chosen(form, dish) {
  const ids = ticked(form);
  return dish.modifier_groups.flatMap((group) => group.modifiers).filter((modifier) => ids.has(modifier.id));
}

/** The first group of which too few or too many are ticked. */
function lacking(form, dish) {
  const ids = ticked(form);
  return dish.modifier_groups.find((group) => {
    const count = group.modifiers.filter((modifier) => ids.has(modifier.id)).length;
    return count < group.min || count > group.max;
  });
}

/** What is to be ordered. The key stays with it, so that what is sent twice is ordered once. */
export class Basket {
  #lines = new Map();
  #key = null;

  add(dish, modifiers) {
    const ids = modifiers.map((modifier) => modifier.id);
    const id = [dish.id, ...ids].join("-");
    const held = this.#lines.get(id);
    const each = modifiers.reduce((sum, modifier) => sum + Number(modifier.price), Number(dish.price));
    this.#lines.set(id, { id, dish, modifiers, ids, each, quantity: Math.min(MOST_PORTIONS, (held?.quantity ?? 0) + 1) });
    this.#key = null;
  }

  change(id, by) {
    const line = this.#lines.get(id);
    if (!line) return;
    const quantity = Math.min(MOST_PORTIONS, line.quantity + by);
    if (quantity > 0) this.#lines.set(id, { ...line, quantity });
    else this.#lines.delete(id);
    this.#key = null;
  }

  /** Take out what is not on the menu any more; returns its names. */
  keepOnly(dishes) {
    const ids = new Set(dishes.map((dish) => dish.id));
    const gone = this.lines.filter((line) => !ids.has(line.dish.id));
    for (const line of gone) this.#lines.delete(line.id);
    if (gone.length) this.#key = null;
    return gone.map((line) => line.dish.name);
  }

  clear() {
    this.#lines.clear();
    this.#key = null;
  }

  get lines() {
    return [...this.#lines.values()];
  }

  get total() {
    return this.lines.reduce((sum, line) => sum + line.quantity * line.each, 0);
  }

  get items() {
    return this.lines.map((line) => ({ menu_item_id: line.dish.id, quantity: line.quantity, modifier_ids: line.ids }));
  }

  /** 128 random bits: also where the page has no secure context, and so no randomUUID. */
  get key() {
    this.#key ??= [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return this.#key;
  }
}

/** Build a line of the basket; its buttons carry the line's id and what they do to its quantity. */
export function basketLine(line, currency, text) {
  const name = element("span", { class: "guest-line-name" }, `${line.quantity} × ${line.dish.name}`);
  const extras = line.modifiers.map((modifier) => modifier.name).join(", ");
  if (extras) name.append(element("span", { class: "guest-soft" }, extras));
  const button = (by, sign, label) => {
    const says = filled(label, { dish: line.dish.name });
    return element("button", { type: "button", class: "button guest-step", "data-line": line.id, "data-by": by, "aria-label": says }, sign);
  };
  return element("li", { class: "guest-line" }, name, button(-1, "−", text.fewer), button(1, "+", text.more),
    element("span", {}, price(line.quantity * line.each, currency)));
}
