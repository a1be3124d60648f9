/**
 * The guests' page: a table's menu and orders, one order that is followed, or all orders of a customer.
 *
 * The token stands behind the "#" of the address and is sent to nobody but the API. What it opens is read once, and
 * followed from there with the client library, as every screen of Brigade does it.
 */

import { BrigadeClient, CLOSED_ORDER_STATUSES, applyEvent, ordersState } from "./client.js";
import { filled } from "./ticket.js";
import { orderCard, price } from "./guest_orders.js";
import { Basket, basketLine } from "./guest_basket.js";
import { Menu, allergyChoices } from "./guest_menu.js";

const MENU_PAUSE_MS = 400; // several dishes change at once: the menu is read once
const MENU_RETRY_MS = 5_000;
const MOST_ROWS = 100;
const UNDECIDED = ["rate_limited", "idempotency_in_progress", "unauthenticated"]; // an earlier attempt may have arrived

const text = JSON.parse(document.getElementById("guest-text").textContent);
const mode = JSON.parse(document.getElementById("guest-mode").textContent);
const part = (id) => document.getElementById(id);
const token = decodeURIComponent(window.location.hash.slice(1));
const basket = new Basket();
const menu = new Menu(part("menu-list"), part("categories"), { text, add });

let guest = null;
let sending = false;
let state = ordersState({ orders: [] });
let rereading = null;
const ended = new Map(); // orders that were closed while the page was open, as they ended

class Refusal extends Error {
  /** `decided` says that nothing was done: who only lost the answer doesn't know. */
  constructor(code, detail, errors = [], decided = false) {
    super(detail);
    Object.assign(this, { code, errors, decided });
  }
}

// The API --------------------------------------------------------------------------------------

async function call(path, { body, headers = {}, ...options } = {}) {
  const sent = { Accept: "application/json", ...headers };
  if (mode === "guest") sent.Authorization = `Bearer ${token}`;
  if (body) sent["Content-Type"] = "application/json";
  const request = { ...options, headers: sent, body, cache: "no-store" };
  const response = await fetch(path, request).catch(() => {
    throw new Refusal("connection", text.problems.connection);
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    const decided = response.status < 500 && Boolean(answer.code) && !UNDECIDED.includes(answer.code);
    throw new Refusal(answer.code ?? "other", answer.detail ?? "", answer.errors, decided);
  }
  return answer;
}

/** The state of the room, for where WebSockets are blocked; read after the cursor, so that no event is missed. */
async function fetchSnapshot() {
  const { epoch, seq } = await call(`/api/events?rooms=${encodeURIComponent(guest.room)}`);
  if (guest.order_id) return { epoch, seq, snapshots: { [guest.room]: { order: await call(`/api/guest/orders/${guest.order_id}`) } } };
  const { results } = await call(`/api/guest/orders?limit=${MOST_ROWS}`);
  const orders = results.filter((order) => !CLOSED_ORDER_STATUSES.includes(order.status));
  return { epoch, seq, snapshots: { [guest.room]: { orders } } };
}

// Orders ---------------------------------------------------------------------------------------

function follow() {
  const client = new BrigadeClient({
    rooms: [guest.room],
    token,
    onSnapshot: (snapshots) => begin(snapshots[guest.room]),
    onEvent: heard,
    onState: showConnection,
    fetchSnapshot,
  });
  client.start();
}

function begin(snapshot) {
  const orders = snapshot.orders ?? (snapshot.order ? [snapshot.order] : []);
  state = ordersState({ orders: orders.filter((order) => !CLOSED_ORDER_STATUSES.includes(order.status)) });
  for (const order of orders) if (CLOSED_ORDER_STATUSES.includes(order.status)) ended.set(order.id, order);
  drawOrders();
}

function heard(event) {
  if (event.type === "menu-item:updated") rereadMenu();
  const { order_id: id, order: whole } = event.data;
  const before = state.orders.get(id);
  state = applyEvent(state, event);
  const changes = whole ?? event.data.changes ?? {};
  if (before && !state.orders.has(id) && CLOSED_ORDER_STATUSES.includes(changes.status)) ended.set(id, { ...before, ...changes });
  drawOrders();
}

function drawOrders() {
  const orders = [...ended.values(), ...state.orders.values()].sort((a, b) => b.id - a.id);
  part("orders").hidden = false;
  part("no-orders").hidden = orders.length > 0;
  part("order-list").replaceChildren(...orders.map((order) => orderCard(order, text)));
}

function showConnection({ state: connection, since, reason }) {
  const time = since?.toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" });
  const said = { live: text.live, stale: filled(text.stale, { time }), offline: text.offline };
  part("connection").textContent = said[connection];
  part("connection").dataset.state = connection;
  if (reason === "unauthenticated" || reason === "forbidden") close("unauthenticated");
}

// The menu and the basket ----------------------------------------------------------------------

async function readMenu() {
  const dishes = await call("/api/guest/menu");
  const gone = basket.fit(dishes);
  menu.show(dishes, guest.currency, basket.allergies);
  part("allergy-choices").replaceChildren(...allergyChoices(dishes, basket.allergies));
  part("menu").hidden = false;
  if (gone.length) tell(filled(text.sold_out, { names: gone.join(", ") }));
  drawBasket();
}

function rereadMenu(pause = MENU_PAUSE_MS) {
  if (guest.kind !== "table") return;
  rereading ??= setTimeout(() => {
    rereading = null;
    readMenu().catch(() => rereadMenu(MENU_RETRY_MS));
  }, pause);
}

function add(dish, modifiers, wish) {
  if (isHeld()) return false;
  basket.add(dish, modifiers, wish);
  tell("");
  drawBasket();
  part("added").textContent = filled(text.added, { dish: dish.name, count: counted() });
  return true;
}

/** Whether an order is on its way or its answer lost: until that is known, nothing may change it. */
function isHeld() {
  if (basket.unanswered) tell(sending ? text.sending : text.unanswered);
  return basket.unanswered;
}

function counted() {
  return filled(basket.count === 1 ? text.one_dish : text.dishes, { count: basket.count });
}

function drawBasket() {
  const { lines, unanswered } = basket;
  part("basket").hidden = lines.length === 0;
  if (!lines.length) unfold(false);
  part("basket-lines").replaceChildren(...lines.map((line) => basketLine(line, basket, guest.currency, text)));
  part("basket-count").textContent = counted();
  part("notes").value = basket.notes;
  part("notes").disabled = unanswered;
  part("unanswered").hidden = sending || !unanswered;
  part("send").disabled = sending;
  const words = unanswered ? text.send_again : text.send;
  part("send").textContent = sending ? text.sending : filled(words, { total: price(basket.total, guest.currency) });
  drawAllergies();
}

function drawAllergies() {
  const names = [...basket.allergies.values()].join(", ");
  part("allergies-said").textContent = names || text.no_allergies;
  part("basket-allergies").textContent = names || text.no_allergies;
  for (const input of part("allergy-choices").querySelectorAll("input")) {
    input.checked = basket.allergies.has(Number(input.value));
    input.disabled = basket.unanswered;
  }
  menu.mark(basket.allergies);
}

function unfold(open) {
  part("basket-body").hidden = !open;
  part("basket-toggle").setAttribute("aria-expanded", String(open));
  part("basket-hint").textContent = open ? text.hide : text.show;
}

function ticked({ target }) {
  const id = Number(target.value);
  if (target.checked) basket.allergies.set(id, target.dataset.name);
  else basket.allergies.delete(id);
  basket.keep();
  drawBasket();
}

function showAllergies() {
  unfold(false);
  part("allergies").open = true;
  part("allergies").scrollIntoView({ block: "start" });
  part("allergies").querySelector("summary").focus({ preventScroll: true });
}

function stepped(event) {
  const button = event.target.closest("[data-by]");
  if (!button) return;
  const { line, by } = button.dataset;
  basket.change(line, Number(by));
  drawBasket();
  const next = document.querySelector(`[data-line="${CSS.escape(line)}"][data-by="${by}"]`);
  (next ?? part("basket-toggle")).focus();
}

async function send(event) {
  event.preventDefault();
  if (sending) return;
  sending = true;
  const { key, body } = basket.attempt;
  drawBasket();
  try {
    const order = await call("/api/guest/orders", { method: "POST", body, headers: { "Idempotency-Key": key } });
    basket.clear();
    tell("");
    part("thanks").textContent = filled(text.sent, { number: order.order_number });
    part("thanks").hidden = false;
    part("orders").scrollIntoView({ block: "start" });
  } catch (error) {
    if (error.decided) basket.refused();
    refused(error);
  } finally {
    sending = false;
    if (!part("connection").hidden) drawBasket();
  }
}

/** Give up an order whose answer was lost: the guests see among their orders whether it arrived. */
function discard() {
  basket.clear();
  tell("");
  drawBasket();
  part("orders").scrollIntoView({ block: "start" });
}

function refused(error) {
  if (error.code === "unauthenticated") return close("unauthenticated");
  if (["out_of_stock", "unavailable", "not_found"].includes(error.code)) rereadMenu();
  const details = (error.errors ?? []).map((problem) => problem.detail).join(" ");
  const known = { out_of_stock: "unavailable", not_found: "unavailable" }[error.code] ?? error.code;
  tell([text.problems[known] ?? text.problems.other, details].filter(Boolean).join(" "));
}

function tell(problem) {
  part("problem").textContent = problem;
  part("problem").hidden = !problem;
  if (problem) part("thanks").hidden = true;
}

/** Show nothing that the token no longer opens. */
function close(problem) {
  for (const id of ["menu", "basket", "orders", "thanks"]) part(id).hidden = true;
  tell(text.problems[problem] ?? text.problems.other);
  part("connection").hidden = true;
}

// The code on a slip, for staff who are signed in ----------------------------------------------

async function scan() {
  const csrf = document.querySelector("input[name=csrfmiddlewaretoken]").value;
  const { qr, order } = await call("/api/qr/scan", { method: "POST", body: JSON.stringify({ token }), headers: { "X-CSRFToken": csrf } });
  part("place").textContent = order.table_name ? filled(text.table, { name: order.table_name }) : "";
  part("order-list").replaceChildren(orderCard(order, text));
  part("no-orders").hidden = true;
  part("orders").hidden = false;
  part("connection").textContent = filled(text.scanned, { count: qr.scanned_count });
}

async function open() {
  if (!token) return close("no_token");
  if (mode === "code") return scan();
  guest = await call("/api/guest");
  part("restaurant").textContent = guest.restaurant.name;
  if (guest.table) part("place").textContent = filled(text.table, { name: guest.table.name });
  if (guest.kind === "table") {
    basket.open(`brigade-basket-${guest.restaurant.id}-${guest.table.id}`);
    await readMenu();
    unfold(basket.unanswered);
  }
  follow();
}

function openingFailed(error) {
  const code = mode === "code" && ["unauthenticated", "forbidden"].includes(error.code) ? "staff_only" : error.code;
  close(code);
}

/** What is scrolled to, or reached with the keyboard, must end up neither under the bar nor under the basket. */
function measure() {
  const root = document.documentElement;
  for (const [name, node] of [["bar", document.querySelector(".guest-bar")], ["jumps", part("categories")], ["basket", part("basket")]]) {
    root.style.setProperty(`--guest-${name}`, `${node.offsetHeight}px`);
  }
}

/** The page's own link would put "main" where the token stands. */
function skip(event) {
  event.preventDefault();
  part("main").focus();
}

part("basket").addEventListener("submit", send);
part("basket-lines").addEventListener("click", stepped);
part("basket-toggle").addEventListener("click", () => unfold(part("basket-body").hidden));
part("basket").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  unfold(false);
  part("basket-toggle").focus();
});
part("notes").addEventListener("input", (event) => {
  basket.notes = event.target.value;
  basket.keep();
});
part("allergy-choices").addEventListener("change", ticked);
part("name-allergy").addEventListener("click", showAllergies);
part("discard").addEventListener("click", discard);
document.querySelector(".skip-link").addEventListener("click", skip);
const sizes = new ResizeObserver(measure);
for (const node of [document.querySelector(".guest-bar"), part("categories"), part("basket")]) sizes.observe(node);
window.addEventListener("hashchange", () => window.location.reload());
open().catch(openingFailed);
