/** The menu as guests order from it: its categories, its dishes, and the allergies that the kitchen is told of. */

import { dangers } from "./guest_basket.js";
import { element, filled } from "./ticket.js";
import { price } from "./guest_orders.js";

const LONGEST_WISH = 500;

/** The menu on the page. What a guest is filling in stays when another dish changes. */
export class Menu {
  #cards = new Map(); // dish id → its card, and what it was built from

  /** `add` is called with (dish, modifiers, wish), and says whether it was taken. */
  constructor(list, jumps, { text, add }) {
    Object.assign(this, { list, jumps, text, add });
  }

  show(dishes, currency, allergies) {
    const focused = document.activeElement;
    const sections = new Map();
    for (const dish of dishes) {
      const { id, name } = dish.category;
      if (!sections.has(id)) sections.set(id, category(name));
      sections.get(id).append(this.#card(dish, currency));
    }
    for (const id of this.#cards.keys()) if (!dishes.some((dish) => dish.id === id)) this.#cards.delete(id);
    this.list.replaceChildren(...sections.values());
    this.#showJumps([...sections.values()]);
    this.mark(allergies);
    if (this.list.contains(focused)) focused.focus({ preventScroll: true });
  }

  /** Mark the dishes that contain what the guests named. */
  mark(allergies) {
    for (const { dish, card } of this.#cards.values()) {
      const named = dangers(dish, allergies);
      card.querySelector(".guest-danger").textContent = named ? filled(this.text.danger, { names: named }) : "";
    }
  }

  #card(dish, currency) {
    const built = JSON.stringify(dish);
    const known = this.#cards.get(dish.id);
    if (known?.built === built) return known.card;
    const card = dishCard(dish, currency, this.text, this.add);
    this.#cards.set(dish.id, { dish, card, built });
    return card;
  }

  /** A button for each category; a link would put its name where the table's token stands, behind the "#". */
  #showJumps(sections) {
    this.jumps.hidden = sections.length < 2;
    this.jumps.replaceChildren(...sections.map((section) => {
      const heading = section.querySelector("h3");
      const button = element("button", { type: "button", class: "button" }, heading.textContent);
      button.addEventListener("click", () => {
        section.scrollIntoView({ block: "start" });
        heading.focus({ preventScroll: true });
      });
      return button;
    }));
  }
}

function category(name) {
  return element("section", { class: "guest-category" }, element("h3", { tabindex: -1 }, name));
}

function dishCard(dish, currency, text, add) {
  const title = element("h4", {}, dish.name, " ", element("span", { class: "guest-price" }, price(dish.price, currency)));
  const kind = dish.food_type ? element("span", { class: "guest-tag" }, dish.food_type.name) : null;
  const allergens = dish.allergens.map((allergen) => allergen.name).join(", ");
  const form = element("form", { class: "guest-dish", "data-dish": dish.id },
    dish.image_url ? element("img", { src: dish.image_url, alt: "", loading: "lazy", width: 96, height: 96 }) : null,
    element("div", { class: "guest-dish-text" }, title, kind,
      dish.description ? element("p", { class: "guest-soft" }, dish.description) : null,
      allergens ? element("p", { class: "guest-allergens" }, `${text.contains}: ${allergens}`) : null,
      element("p", { class: "guest-danger" })),
    ...dish.modifier_groups.map((group) => choice(dish, group, currency, text)),
    wish(dish, text),
    element("p", { class: "guest-problem", role: "alert" }),
    element("button", { class: "button", "aria-label": filled(text.add_named, { dish: dish.name }) }, text.add));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const short = lacking(form, dish);
    form.querySelector(".guest-problem").textContent = short ? asked(short, text) : "";
    if (short || !add(dish, chosen(form, dish), form.elements.wish.value.trim())) return;
    form.reset(); // the next portion may be had in another way
    form.querySelector("details").open = false;
  });
  return form;
}

/** A wish for this dish alone, out of the way until it is asked for. */
function wish(dish, text) {
  const label = filled(text.wish_named, { dish: dish.name });
  const input = element("input", { name: "wish", maxlength: LONGEST_WISH, autocomplete: "off", "aria-label": label });
  return element("details", { class: "guest-wish" }, element("summary", { "aria-label": label }, text.wish), input);
}

function asked(group, text) {
  const { name, min, max } = group;
  if (min === max) return filled(min === 1 ? text.choose_one : text.choose_exactly, { group: name, min });
  return filled(min > 0 ? text.choose_between : text.choose_up_to, { group: name, min, max });
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

/** What can be ticked as an allergy: all that the dishes contain, and what was ticked before, by name. */
export function allergyChoices(dishes, allergies) {
  const names = new Map(allergies);
  for (const dish of dishes) for (const { id, name } of dish.allergens) names.set(id, name);
  const language = document.documentElement.lang;
  return [...names].sort(([, a], [, b]) => a.localeCompare(b, language)).map(([id, name]) => {
    const input = element("input", { type: "checkbox", value: id, "data-name": name });
    input.checked = allergies.has(id);
    return element("label", { class: "guest-option" }, input, ` ${name}`);
  });
}
