/**
 * The kitchen's board: the tickets as the stream tells them, and the taps of the cooks.
 *
 * The server rendered the first state and its place in the stream into the page; from there this script follows.
 */

import { BrigadeClient, applyEvent, kitchenState } from "./client.js";
import { Bumps } from "./bumps.js";
import { Calm } from "./calm.js";
import { kitchenCommands } from "./commands.js";
import { Decision } from "./decision.js";
import { focusedControl, moveFocus, restoreFocus } from "./focus.js";
import { News, refusal } from "./news.js";
import { Notices } from "./notices.js";
import { showBump } from "./overlay.js";
import { OwnActs } from "./own.js";
import { RecallList } from "./recalls.js";
import { asksForWord, filled, inOrder, isOpen, signature, ticketCard, updateClock } from "./ticket.js";

const ROOM = "kitchen";
const FRAME_MS = 16;
const [CARD_ROW, CARD_GAP] = [4, 12]; // px; the first stands in board.css too

const page = JSON.parse(document.getElementById("board-data").textContent);
const text = JSON.parse(document.getElementById("board-text").textContent);
const [lines, pass] = [document.getElementById("to-make"), document.getElementById("at-the-pass")];
const csrfToken = document.querySelector("input[name=csrfmiddlewaretoken]").value;

let state = kitchenState(page.snapshot);
let drawing = null;
let focusBefore = null; // where the keyboard was when the recall list was opened
const shown = new Map(); // ticket id → its card, and what that was built from

const client = new BrigadeClient({
  rooms: [ROOM],
  cursor: { epoch: page.epoch, seq: page.seq },
  cursorAt: new Date(page.now),
  onSnapshot: (snapshots) => {
    follow(kitchenState(snapshots[ROOM]));
    recalls.refresh();
  },
  onEvent: heard,
  onState: showConnection,
  fetchSnapshot,
});
const calm = new Calm(text);
const around = (work) => calm.change(work);
const notices = new Notices(text, around);
const own = new OwnActs((ticketId) => notices.drop(ticketId, "refusal"));
const commands = kitchenCommands(client, csrfToken, own, Math.ceil(page.recall_seconds / 60));
const news = new News({
  text,
  notices,
  own,
  tickets: page.snapshot.orders,
  since: Date.parse(page.now),
  userId: page.user_id,
  lastMove: commands.lastMove,
});
const refused = (error, ticket) => news.refused(error, ticket);
const bumps = new Bumps({
  ticket: (id) => state.orders.get(id),
  isLive: () => client.state.state === "live",
  setStatus: commands.setStatus,
  setItemStatus: commands.setItemStatus,
  setItemStatuses: commands.setItemStatuses,
  show: () => render(),
  refused,
  takenBack: (ticket) => news.takenBack(ticket),
  beaten: (ticket, itemId, at) => news.beaten(ticket, itemId, at + client.now().getTime() - Date.now()),
});
const decision = new Decision(text, { send: commands.decide, refused });
const recalls = new RecallList(text, {
  withinMs: page.recall_seconds * 1_000,
  now: () => client.now(),
  load: commands.madeLately,
  send: commands.recall,
  refusal: (error) => refusal(error, text),
  refused,
  around,
  led: (control) => calm.led(control),
  closed: backToBoard,
});

// The state ------------------------------------------------------------------------------------

function heard(event) {
  const { kitchen_order: ticket, severity, message } = event.data;
  if (event.type === "alert") news.alert(severity, message);
  if (ticket?.status === "cancelled" && state.orders.has(ticket.id)) news.cancelled(ticket);
  if (ticket) recalls.hear(ticket);
  follow(applyEvent(state, event));
}

/** Take over a state, and say what a cook must not miss. */
function follow(next) {
  const before = state;
  state = next;
  news.compare(before, next);
  decision.review(state.requests);
  bumps.review();
  render();
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
  drawing ??= setTimeout(() => calm.change(draw), FRAME_MS);
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
  const led = focus && restoreFocus(focus);
  if (led) calm.led(led);
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
  for (const bump of waiting) showBump(card, bump, text);
  shown.set(ticket.id, { card, built, ticket });
  return card;
}

function showCounts(tickets) {
  for (const node of document.querySelectorAll("[data-count]")) {
    const statuses = node.dataset.count.split(" ");
    node.textContent = tickets.filter((ticket) => statuses.includes(ticket.status)).length;
  }
}

// Taps -----------------------------------------------------------------------------------------

function tapped(event) {
  const control = event.target.closest("button");
  const known = shown.get(Number(control?.closest(".ticket")?.dataset.ticket));
  if (!known) return;
  const ticket = state.orders.get(known.ticket.id);
  if (ticket && "undo" in control.dataset) bumps.undo(ticket.id);
  else if (!ticket || !isAsShown(ticket, known.ticket)) calm.ignore(event); // its card is about to follow
  else if (control.dataset.decides) decision.ask(ticket, state.requests.get(ticket.order_id), control.dataset.decides);
  else if (control.dataset.confirms) send(control, ticket, commands.confirmAllergy(ticket, Number(control.dataset.confirms)));
  else if (control.dataset.fires) send(control, ticket, commands.fire(ticket, Number(control.dataset.fires)));
  else if (control.dataset.item) tapItem(ticket, Number(control.dataset.item));
  else if (control.dataset.sets) tapAction(ticket, control.dataset.sets, control);
}

/** Whether a card says what a cook must know before tapping it: a moment passes between the news and the card. */
function isAsShown(ticket, shownTicket) {
  const isMade = (row) => row.status === "ready";
  return isMade(ticket) === isMade(shownTicket) && signature(ticket) === signature(shownTicket);
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
  news.refused({ code: "allergy_unconfirmed" }, ticket);
}

/** What harms nobody when mistaken, or may not be late, is sent at once. */
async function send(control, ticket, sending) {
  control.disabled = true;
  try {
    await sending;
  } catch (error) {
    news.refused(error, ticket);
  } finally {
    control.disabled = false;
  }
}

// The recall list ------------------------------------------------------------------------------

function openRecalls() {
  focusBefore = focusedControl();
  recalls.open([...state.orders.values()]);
}

/** The dialog gives the focus back by itself, unless its card was built anew meanwhile. */
function backToBoard() {
  const led = focusBefore && restoreFocus(focusBefore);
  if (led) calm.led(led);
  else if (document.activeElement === document.body) document.getElementById("recalls-open").focus();
}

function pressed(event) {
  const isTyping = event.target.closest("input, textarea, select, dialog");
  if (isTyping || event.repeat || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key.toLowerCase() === "r") openRecalls();
}

// When the page goes ---------------------------------------------------------------------------

function leave() {
  for (const { ticket, bump } of bumps.drain()) commands.sendOnLeaving(ticket, bump);
}

// What the board says --------------------------------------------------------------------------

function showConnection(connection) {
  calm.change(() => writeConnection(connection));
  bumps.review();
  render();
}

function writeConnection({ state: connection, since, reason, transport }) {
  const banner = document.getElementById("connection");
  const time = since?.toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23" });
  const [title, detail] = connectionText(connection, time, reason, transport);
  banner.querySelector(".connection-title").textContent = title;
  banner.querySelector(".connection-detail").textContent = detail;
  banner.querySelector(".connection-sign-in").hidden = reason !== "unauthenticated";
  banner.dataset.state = connection;
  document.documentElement.dataset.connection = connection;
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
  recalls.tick();
}

document.addEventListener("click", tapped);
document.addEventListener("keydown", moveFocus);
document.addEventListener("keydown", pressed);
document.getElementById("recalls-open").addEventListener("click", openRecalls);
document.getElementById("recalls-open").hidden = false;
window.addEventListener("pagehide", leave);
window.addEventListener("resize", () => calm.change(pack));
document.addEventListener("visibilitychange", stayAwake);
setInterval(tick, 1_000);
stayAwake();
draw();
client.start();
