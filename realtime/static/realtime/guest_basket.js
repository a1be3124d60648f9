/**
 * What guests have chosen and not yet ordered. It outlives a reload of the page, in the tab's own storage.
 *
 * An order is written down with its key before it is sent, and stays as it is until the server has answered: when the
 * answer is lost, the very same is sent again under the same key, and is ordered once. Until then nothing changes it,
 * neither the guest nor the menu: the last portion may be gone because it was ordered.
 */

import { element, filled } from "./ticket.js";
import { price } from "./guest_orders.js";

const MOST_PORTIONS = 99;
const KEPT_MS = 12 * 3_600_000; // the server knows a key for twice as long: what is kept can be sent again safely

export class Basket {
  #name = null;
  #lines = new Map();
  #sent = null;
  notes = "";
  allergies = new Map(); // id → name; they outlive an order: who orders once more still has them

  /** Take up what was chosen at this table before the page was loaded again. */
  open(name) {
    this.#name = name;
    const kept = read(name);
    if (!kept) return;
    this.#lines = new Map(kept.lines.map((line) => [line.id, line]));
    this.notes = kept.notes;
    this.allergies = new Map(kept.allergies);
    this.#sent = kept.sent;
  }

  /** Write down what a reload must not lose. */
  keep() {
    const { lines, notes } = this;
    write(this.#name, { at: Date.now(), lines, notes, allergies: [...this.allergies], sent: this.#sent });
  }

  add(dish, modifiers, wish) {
    const ids = modifiers.map((modifier) => modifier.id);
    const id = [dish.id, ...ids, wish].join("-");
    const quantity = Math.min(MOST_PORTIONS, (this.#lines.get(id)?.quantity ?? 0) + 1);
    this.#lines.set(id, { id, dish: { ...dish, modifier_groups: [] }, modifiers, wish, quantity });
    this.keep();
  }

  change(id, by) {
    const line = this.#lines.get(id);
    if (!line) return;
    const quantity = Math.min(MOST_PORTIONS, line.quantity + by);
    if (quantity > 0) this.#lines.set(id, { ...line, quantity });
    else this.#lines.delete(id);
    this.keep();
  }

  /** Take out what is not on the menu any more, and ask today's price for the rest; returns the names of what went. */
  fit(dishes) {
    if (this.unanswered) return [];
    const menu = new Map(dishes.map((dish) => [dish.id, dish]));
    const gone = [];
    for (const line of this.lines) {
      const fresh = asOffered(line, menu.get(line.dish.id));
      if (fresh) this.#lines.set(line.id, fresh);
      else gone.push(line);
    }
    for (const line of gone) this.#lines.delete(line.id);
    this.keep();
    return gone.map((line) => line.dish.name);
  }

  /** What is sent, and its key: the same again for as long as nobody knows whether it arrived. */
  get attempt() {
    const body = { items: this.#items, notes: this.notes, allergen_ids: [...this.allergies.keys()] };
    this.#sent ??= { key: newKey(), body: JSON.stringify(body) };
    this.keep();
    return this.#sent;
  }

  /** Whether an order was sent of which nobody knows yet whether it arrived. */
  get unanswered() {
    return this.#sent !== null;
  }

  /** The server has said that nothing was ordered: what is chosen may be changed again. */
  refused() {
    this.#sent = null;
    this.keep();
  }

  clear() {
    this.#lines.clear();
    this.#sent = null;
    this.notes = "";
    this.keep();
  }

  get lines() {
    return [...this.#lines.values()];
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  get total() {
    return this.lines.reduce((sum, line) => sum + cost(line), 0);
  }

  get #items() {
    return this.lines.map(({ dish, quantity, modifiers, wish }) => ({
      menu_item_id: dish.id,
      quantity,
      modifier_ids: modifiers.map((modifier) => modifier.id),
      special_instructions: wish,
    }));
  }
}

/** A line as the menu has it now; null when the dish, or a way to have it, is gone. */
function asOffered(line, dish) {
  const choices = new Map(dish?.modifier_groups.flatMap((group) => group.modifiers).map((choice) => [choice.id, choice]));
  const modifiers = line.modifiers.map((modifier) => choices.get(modifier.id));
  return dish && modifiers.every(Boolean) ? { ...line, dish: { ...dish, modifier_groups: [] }, modifiers } : null;
}

function cost(line) {
  const each = line.modifiers.reduce((sum, modifier) => sum + Number(modifier.price), Number(line.dish.price));
  return line.quantity * each;
}

/** 128 random bits: also where the page has no secure context, and so no randomUUID. */
function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What was kept in this tab; nothing where it is too old, or the browser keeps nothing. */
function read(name) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(name));
    return kept && Date.now() - kept.at < KEPT_MS ? kept : null;
  } catch {
    return null;
  }
}

function write(name, value) {
  try {
    sessionStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Ordering goes on without it: only a reload loses what was chosen.
  }
}

/** The names of what a dish contains of that which the guests named. */
export function dangers(dish, allergies) {
  return dish.allergens.filter((allergen) => allergies.has(allergen.id)).map((allergen) => allergen.name).join(", ");
}

/** Build a line of the basket; its buttons carry the line's id and what they do to its quantity. */
export function basketLine(line, { allergies, unanswered }, currency, text) {
  const name = element("span", { class: "guest-line-name" }, `${line.quantity} × ${line.dish.name}`);
  const extras = line.modifiers.map((modifier) => modifier.name).join(", ");
  if (extras) name.append(element("span", { class: "guest-soft" }, extras));
  if (line.wish) name.append(element("span", { class: "guest-soft guest-wished" }, line.wish));
  const named = dangers(line.dish, allergies);
  if (named) name.append(element("span", { class: "guest-allergens" }, filled(text.danger, { names: named })));
  const button = (by, sign, label) => {
    const says = filled(label, { dish: line.dish.name });
    const attributes = { type: "button", class: "button guest-step", "data-line": line.id, "data-by": by, "aria-label": says };
    return element("button", { ...attributes, disabled: unanswered ? "" : null }, sign);
  };
  return element("li", { class: "guest-line" }, name, button(-1, "−", text.fewer), button(1, "+", text.more),
    element("span", {}, price(cost(line), currency)));
}
