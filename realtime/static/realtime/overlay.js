/** A tap that can still be taken back, as its ticket's card shows it. */

import { UNDO_MS } from "./bumps.js";
import { element } from "./ticket.js";

/** Show a waiting tap on a card. @param {import("./bumps.js").Bump} bump */
export function showBump(card, bump, text) {
  if (bump.itemId === null) showTicketBump(card, bump, text);
  else showItemBump(card, bump, text);
}

/** The ticket's buttons give way to what will happen to it, and to the one button that prevents it. */
function showTicketBump(card, bump, text) {
  card.dataset.bump = bump.phase;
  const label = element("p", { class: "bump-state" }, bumpLabel(bump, text.bumping[bump.status], text));
  const undo = element(
    "button",
    { type: "button", class: "action action-undo", "data-undo": "", "aria-describedby": `ticket-${bump.ticketId}-name` },
    text.undo,
  );
  undo.disabled = ["sending", "sent"].includes(bump.phase);
  card.querySelector(".ticket-actions").replaceChildren(label, undo, countdown(bump));
  for (const button of card.querySelectorAll(".line-button")) button.disabled = true;
}

function showItemBump(card, bump, text) {
  const button = card.querySelector(`[data-item="${bump.itemId}"]`);
  if (!button) return;
  button.closest(".line").dataset.bump = bump.phase;
  button.setAttribute("aria-pressed", "true");
  button.querySelector(".line-state").textContent = bumpLabel(bump, text.item_bumping, text);
  button.append(countdown(bump));
}

function bumpLabel(bump, counting, text) {
  return { counting, held: text.bump_held, sending: text.bump_sending, sent: text.bump_sending }[bump.phase];
}

/** The bar that runs out; it goes on where it was when its card is built anew. */
function countdown(bump) {
  const bar = element("span", { class: "countdown", "aria-hidden": "true" });
  bar.style.animationDelay = `${bump.dueAt - UNDO_MS - Date.now()}ms`;
  return bar;
}
