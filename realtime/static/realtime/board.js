/**
 * The kitchen's board: the tickets as the stream tells them, and the taps of the cooks.
 *
 * The server rendered the first state and its place in the stream into the page; from there this script follows.
 */

import { BrigadeClient, applyEvent, kitchenState } from "./client.js";
import { Bumps, UNDO_MS } from "./bumps.js";
import { kitchenCommands } from "./commands.js";
import { Decision } from "./decision.js";
import {
  asksForWord, element, filled, inOrder, isOpen, place, recallText, requestText, signature, ticketCard, updateClock,
} from "./ticket.js";

const ROOM = "kitchen";
const NOTICE_LIMIT = 5;
const FRAME_MS = 16;
const [CARD_ROW, CARD_GAP] = [4, 12]; // px; the first stands in board.css too

const page = JSON.parse(document.getElementById("board-data").textContent);
const text = JSON.parse(document.getElementById("board-text").textContent);
const [lines, pass] = [document.getElementById("to-make"), document.getElementById("at-the-pass")];
const notices = document.getElementById("notices");
const announcer = document.getElementById("announcer");
const csrfToken = document.querySelector("input[name=csrfmiddlewaretoken]").value;

let state = kitchenState(page.snapshot);
let drawing = null;
const shown = new Map(); // ticket id → what its card was built from
const recalls = new Map(page.snapshot.orders.map((ticket) => [ticket.id, ticket.recalled_at])); // also of what has left

const client = new BrigadeClient({
  rooms: [ROOM],
  cursor: { epoch: page.epoch, seq: page.seq },
  cursorAt: new Date(page.now),
  onSnapshot: (snapshots) => follow(kitchenState(snapshots[ROOM])),
  onEvent: heard,
  onState: showConnection,
  fetchSnapshot,
});
const commands = kitchenCommands(client, csrfToken);
const bumps = new Bumps({
  ticket: (id) => state.orders.get(id),
  isLive: () => client.state.state === "live",
  setStatus: commands.setStatus,
  setItemStatus: commands.setItemStatus,
  setItemStatuses: commands.setItemStatuses,
  show: () => render(),
  refused: (error, ticket) => notifyRefusal(error, ticket),
  takenBack: (ticket) => notify("warning", filled(text.bump_taken_back, { number: ticket.order_number })),
});
const decision = new Decision(text, { send: commands.decide, refused: (error, ticket) => notifyRefusal(error, ticket) });

// The state ------------------------------------------------------------------------------------

function heard(event) {
  const { kitchen_order: ticket, severity, message } = event.data;
  if (event.type === "alert") notify(severity, message);
  if (ticket?.status === "cancelled" && state.orders.has(ticket.id)) {
    notify("error", filled(text.ticket_cancelled, { number: ticket.order_number, place: place(ticket, text) }));
  }
  follow(applyEvent(state, event));
}

/** Take over a state, and say aloud what a cook must not miss. */
function follow(next) {
  const before = state;
  state = next;
  for (const ticket of next.orders.values()) {
    if (isRecalledNow(ticket)) announceRecall(ticket);
    else if (!before.orders.has(ticket.id)) announceNew(ticket);
    else announceChange(before.orders.get(ticket.id), ticket);
  }
  for (const request of next.requests.values()) {
    if (before.requests.get(request.order_id)?.id !== request.id) announceRequest(request);
  }
  decision.review(state.requests);
  bumps.review();
  render();
}

function announceRequest(request) {
  const ticket = [...state.orders.values()].find((row) => row.order_id === request.order_id);
  if (!ticket) return;
  const said = requestText(request, text);
  notify("warning", filled(text.cancel_news, { number: ticket.order_number, place: place(ticket, text), said }));
}

/** Whether a ticket has come back since this board last saw it, or since it was opened. */
function isRecalledNow(ticket) {
  if (recalls.get(ticket.id) === ticket.recalled_at) return false;
  recalls.set(ticket.id, ticket.recalled_at);
  return recallText(ticket, text) !== "" && Date.parse(ticket.recalled_at) > Date.parse(page.now);
}

function announceRecall(ticket) {
  const words = ticket.recall_reason ? text.ticket_recalled_because : text.ticket_recalled;
  const labels = { number: ticket.order_number, place: place(ticket, text), reason: ticket.recall_reason };
  notify("warning", filled(words, labels));
}

function announceNew(ticket) {
  if (ticket.status === "pending") {
    announcer.textContent = filled(text.new_ticket, { number: ticket.order_number, place: place(ticket, text) });
  }
}

function announceChange(before, after) {
  if (signature(before) !== signature(after)) {
    notify("warning", filled(text.ticket_changed, { number: after.order_number, place: place(after, text) }));
  }
}

/** Without WebSockets a fresh state comes from the page itself: it carries one, and its place in the stream. */
async function fetchSnapshot() {
  const response = await fetch(window.location.href, { credentials: "same-origin", cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error(`the board answered ${response.status}`);
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  const { epoch, seq, snapshot } = JSON.parse(fresh.getElementById("board-data").textContent);
  return { epoch, seq, snapshots: { [ROOM]: snapshot } };
}

// The cards ------------------------------------------------------------------------------------

function context() {
  return { text, now: client.now() };
}

/** Show the state soon: a replay of thousands of events is drawn a few times, not thousands. */
function render() {
  drawing ??= setTimeout(draw, FRAME_MS);
}

/** Only cards whose ticket or taps changed are built anew, and the focus stays where it was. */
function draw() {
  drawing = null;
  const focus = focusedControl();
  const tickets = inOrder(state.orders.values());
  arrange(lines, tickets.filter((ticket) => ticket.status !== "ready"));
  arrange(pass, tickets.filter((ticket) => ticket.status === "ready"));
  for (const id of shown.keys()) if (!state.orders.has(id)) shown.delete(id);
  showCounts(tickets);
  pack();
  if (focus) restoreFocus(focus);
}

/** Let each ticket take as many of the grid's thin rows as it is high, so that no room is lost under short ones. */
function pack() {
  lines.dataset.packed = "";
  const cards = [...lines.children];
  const heights = cards.map((card) => card.offsetHeight);
  cards.forEach((card, index) => {
    card.style.gridRowEnd = `span ${Math.ceil((heights[index] + CARD_GAP) / CARD_ROW)}`;
  });
}

function arrange(container, tickets) {
  const cards = tickets.map(cardOf);
  for (const [index, card] of cards.entries()) {
    if (container.children[index] !== card) container.insertBefore(card, container.children[index] ?? null);
  }
  while (container.children.length > cards.length) container.lastElementChild.remove();
  container.closest("section").dataset.empty = cards.length === 0;
}

function cardOf(ticket) {
  const waiting = bumps.of(ticket.id);
  const request = state.requests.get(ticket.order_id);
  const built = JSON.stringify([ticket, request, waiting.map(({ key, phase, dueAt }) => [key, phase, dueAt])]);
  const known = shown.get(ticket.id);
  if (known?.built === built) return known.card;
  const card = ticketCard(ticket, context(), request);
  for (const bump of waiting) (bump.itemId === null ? showTicketBump : showItemBump)(card, bump);
  shown.set(ticket.id, { card, built });
  return card;
}

/** The ticket's buttons give way to what will happen to it, and to the one button that prevents it. */
function showTicketBump(card, bump) {
  card.dataset.bump = bump.phase;
  const label = element("p", { class: "bump-state" }, bumpLabel(bump, text.bumping[bump.status]));
  const undo = element(
    "button",
    { type: "button", class: "action action-undo", "data-undo": "", "aria-describedby": `ticket-${bump.ticketId}-name` },
    text.undo,
  );
  undo.disabled = ["sending", "sent"].includes(bump.phase);
  card.querySelector(".ticket-actions").replaceChildren(label, undo, countdown(bump));
  for (const button of card.querySelectorAll(".line-button")) button.disabled = true;
}

function showItemBump(card, bump) {
  const button = card.querySelector(`[data-item="${bump.itemId}"]`);
  if (!button) return;
  button.closest(".line").dataset.bump = bump.phase;
  button.setAttribute("aria-pressed", "true");
  button.querySelector(".line-state").textContent = bumpLabel(bump, text.item_bumping);
  button.append(countdown(bump));
}

function bumpLabel(bump, counting) {
  return { counting, held: text.bump_held, sending: text.bump_sending, sent: text.bump_sending }[bump.phase];
}

/** The bar that runs out; it goes on where it was when its card is built anew. */
function countdown(bump) {
  const bar = element("span", { class: "countdown", "aria-hidden": "true" });
  bar.style.animationDelay = `${bump.dueAt - UNDO_MS - Date.now()}ms`;
  return bar;
}

function showCounts(tickets) {
  for (const node of document.querySelectorAll("[data-count]")) {
    const statuses = node.dataset.count.split(" ");
    node.textContent = tickets.filter((ticket) => statuses.includes(ticket.status)).length;
  }
}

// Focus and keys -------------------------------------------------------------------------------

function focusedControl() {
  const control = document.activeElement?.closest("button");
  const card = control?.closest(".ticket");
  if (!card) return null;
  const cards = [...document.querySelectorAll(".ticket")];
  return { control, id: card.id, index: cards.indexOf(card), twin: twinOf(control) };
}

/** How to find the same control on a card that was built anew. */
function twinOf({ dataset }) {
  if (dataset.confirms) return `[data-confirms="${dataset.confirms}"]`;
  if (dataset.fires) return `[data-fires="${dataset.fires}"]`;
  if (dataset.item) return `[data-item="${dataset.item}"]`;
  if (dataset.decides) return `[data-decides="${dataset.decides}"]`;
  return dataset.sets ? `[data-sets="${dataset.sets}"]` : "[data-undo]";
}

/** Keep the keyboard where it was; where its ticket is gone, on the one that took its place. */
function restoreFocus({ control, id, index, twin }) {
  if (document.activeElement === control) return;
  if (control.isConnected && !control.disabled) {
    control.focus({ preventScroll: true });
    return;
  }
  const cards = [...document.querySelectorAll(".ticket")];
  const card = document.getElementById(id) ?? cards[Math.min(index, cards.length - 1)];
  if (!card) return;
  const same = card.id === id ? card.querySelector(`${twin}:enabled`) : null;
  (same ?? mainControl(card))?.focus({ preventScroll: card.id === id });
}

function mainControl(card) {
  const buttons = card.querySelectorAll(".ticket-actions button:enabled");
  return buttons[buttons.length - 1] ?? card.querySelector("button:enabled");
}

/** Arrow keys: left and right between tickets, up and down inside one. Tab goes through everything. */
function moveFocus(event) {
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

// Taps -----------------------------------------------------------------------------------------

function tapped(event) {
  const control = event.target.closest("button");
  const ticket = state.orders.get(Number(control?.closest(".ticket")?.dataset.ticket));
  if (!ticket) return;
  if ("undo" in control.dataset) bumps.undo(ticket.id);
  else if (control.dataset.decides) decision.ask(ticket, state.requests.get(ticket.order_id), control.dataset.decides);
  else if (control.dataset.confirms) send(control, ticket, commands.confirmAllergy(ticket, Number(control.dataset.confirms)));
  else if (control.dataset.fires) send(control, ticket, commands.fire(ticket, Number(control.dataset.fires)));
  else if (control.dataset.item) tapItem(ticket, Number(control.dataset.item));
  else if (control.dataset.sets) tapAction(ticket, control.dataset.sets, control);
}

function tapItem(ticket, itemId) {
  const item = ticket.items.find((row) => row.id === itemId);
  if (bumps.of(ticket.id).some((bump) => bump.itemId === itemId)) bumps.undo(ticket.id, itemId);
  else if (item && asksForWord(item)) askForWord(ticket);
  else if (item && isOpen(item)) bumps.add(ticket, "ready", itemId);
}

function tapAction(ticket, status, control) {
  if (["ready", "completed"].includes(status) && ticket.items.some(asksForWord)) askForWord(ticket);
  else if (["ready", "completed"].includes(status)) bumps.add(ticket, status);
  else send(control, ticket, commands.setStatus(ticket, status)); // without the version: who is second reads who was first
}

/** The server would refuse it, five seconds from now. */
function askForWord(ticket) {
  notifyRefusal({ code: "allergy_unconfirmed" }, ticket);
}

/** What harms nobody when mistaken, or may not be late, is sent at once. */
async function send(control, ticket, sending) {
  control.disabled = true;
  try {
    await sending;
  } catch (error) {
    notifyRefusal(error, ticket);
  } finally {
    control.disabled = false;
  }
}

function leave() {
  for (const { ticket, bump } of bumps.drain()) commands.sendOnLeaving(ticket, bump);
}

// What the board says --------------------------------------------------------------------------

function notifyRefusal(error, ticket) {
  const time = new Date(error.at).toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  const general = text.errors[error.reason || error.code] ?? error.detail;
  const reason = error.byName ? filled(text.faster, { name: error.byName, time }) : general;
  notify("error", filled(text.refused, { number: ticket.order_number, reason }));
}

function notify(severity, message) {
  const dismiss = element("button", { type: "button", class: "notice-dismiss", "aria-label": text.dismiss }, "×");
  const label = element("strong", { class: "notice-kind" }, text.severities[severity] ?? text.severities.info);
  notices.prepend(element("li", { class: "notice", "data-severity": severity }, label, " ", message, dismiss));
  while (notices.children.length > NOTICE_LIMIT) notices.lastElementChild.remove();
}

function showConnection({ state: connection, since, reason, transport }) {
  const banner = document.getElementById("connection");
  const time = since?.toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  const [title, detail] = connectionText(connection, time, reason, transport);
  banner.querySelector(".connection-title").textContent = title;
  banner.querySelector(".connection-detail").textContent = detail;
  banner.querySelector(".connection-sign-in").hidden = reason !== "unauthenticated";
  banner.dataset.state = connection;
  document.documentElement.dataset.connection = connection;
  bumps.review();
  render();
}

function connectionText(connection, time, reason, transport) {
  if (connection === "live") return [text.live, transport === "polling" ? text.live_polling : ""];
  const title = connection === "stale" ? filled(text.stale, { time }) : text.offline;
  return [title, text.reasons[reason] ?? text.reasons[""]];
}

/** A board that hangs on the wall must not go dark; where the browser won't promise it, nothing is lost. */
async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}

function tick() {
  const now = context();
  for (const [id, { card }] of shown) {
    const ticket = state.orders.get(id);
    if (ticket) updateClock(card, ticket, now);
  }
}

document.addEventListener("click", tapped);
document.addEventListener("keydown", moveFocus);
notices.addEventListener("click", (event) => event.target.closest(".notice-dismiss")?.parentElement.remove());
window.addEventListener("pagehide", leave);
window.addEventListener("resize", pack);
document.addEventListener("visibilitychange", stayAwake);
setInterval(tick, 1_000);
stayAwake();
draw();
client.start();
