/** The keyboard on the board: arrow keys between tickets, and a focus that stays where it was. */

/** The control of a ticket that has the focus, and how to find it again on a card that was built anew. */
export function focusedControl() {
  const control = document.activeElement?.closest("button");
  const card = control?.closest(".ticket");
  if (!card) return null;
  const cards = [...document.querySelectorAll(".ticket")];
  return { control, id: card.id, index: cards.indexOf(card), twin: twinOf(control) };
}

function twinOf({ dataset }) {
  if (dataset.confirms) return `[data-confirms="${dataset.confirms}"]`;
  if (dataset.fires) return `[data-fires="${dataset.fires}"]`;
  if (dataset.item) return `[data-item="${dataset.item}"]`;
  if (dataset.decides) return `[data-decides="${dataset.decides}"]`;
  return dataset.sets ? `[data-sets="${dataset.sets}"]` : "[data-undo]";
}

/**
 * Keep the keyboard where it was; where its ticket is gone, on the one that took its place.
 * @returns {Element|null} the control that has the focus now instead of the one before
 */
export function restoreFocus({ control, id, index, twin }) {
  if (document.activeElement === control) return null;
  if (control.isConnected && !control.disabled) {
    control.focus({ preventScroll: true });
    return null;
  }
  const cards = [...document.querySelectorAll(".ticket")];
  const card = document.getElementById(id) ?? cards[Math.min(index, cards.length - 1)];
  if (!card) return null;
  const same = card.id === id ? card.querySelector(`${twin}:enabled`) : null;
  const next = same ?? mainControl(card);
  next?.focus({ preventScroll: card.id === id });
  return same ? null : (next ?? null);
}

function mainControl(card) {
  const buttons = card.querySelectorAll(".ticket-actions button:enabled");
  return buttons[buttons.length - 1] ?? card.querySelector("button:enabled");
}

/** Arrow keys: left and right between tickets, up and down inside one. Tab goes through everything. */
export function moveFocus(event) {
  const step = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  const card = document.activeElement?.closest(".ticket");
  if (!step || !card || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  if (["ArrowUp", "ArrowDown"].includes(event.key)) {
    const controls = [...card.querySelectorAll("button:enabled")];
    controls[controls.indexOf(document.activeElement) + step]?.focus();
    return;
  }
  const cards = [...document.querySelectorAll(".ticket")];
  const next = cards[cards.indexOf(card) + step];
  if (next) mainControl(next)?.focus();
}
