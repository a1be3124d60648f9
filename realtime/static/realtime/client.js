/**
 * Brigade's client library: keeps a screen exactly in step with one restaurant's stream.
 *
 * One ES module without dependencies, for browsers and for Node (20 or later; give it `WebSocket` where
 * there is no global one). Every screen of Brigade is built on it, and so can yours be:
 *
 *     import { BrigadeClient, applyEvent, kitchenState } from "./client.js";
 *
 *     let state;
 *     const client = new BrigadeClient({
 *       base: "https://brigade.example",
 *       token: () => fetchAccessToken(),          // leave out where the session cookie signs in
 *       rooms: ["kitchen"],
 *       onSnapshot: (snapshots) => { state = kitchenState(snapshots.kitchen); },
 *       onEvent: (event) => { state = applyEvent(state, event); },
 *       onState: ({ state, since }) => console.log(state, since),
 *     });
 *     client.start();
 *     await client.command("kitchen:update_order_status", { kitchen_order_id: 7, status: "preparing" });
 *
 * What it promises:
 * - After a snapshot, every event of the rooms reaches `onEvent` once and in order, through every drop,
 *   restart and deploy. Keep `client.cursor` beside your state and hand it back as `cursor` to go on later.
 * - It is `live` only while the server has proved within the last 25 s that nothing is missing. A silent
 *   line, a laptop that slept, a half-open connection: it says `stale` and since when.
 * - A command that may not have arrived is never reported as done: it is rejected with a `CommandError`
 *   whose code is `connection` or `timeout`.
 */

/** The statuses of a ticket that is still on the kitchen's board. */
export const OPEN_TICKET_STATUSES = Object.freeze(["pending", "acknowledged", "preparing", "ready"]);

/** The statuses after which an order is on no list of open orders any more. */
export const CLOSED_ORDER_STATUSES = Object.freeze(["completed", "cancelled"]);

/** Close codes of the protocol that change what the client does next. */
const CLOSE = Object.freeze({ restarting: 1012, unauthenticated: 4401, forbidden: 4403, replaced: 4409, tooMany: 4429 });

/** Refusals of a join that waiting does not cure. */
const FINAL_REFUSALS = Object.freeze(["forbidden", "not_found", "bad_request", "conflict"]);

const SILENCE_MS = 25_000; // heartbeats come every 10 s: two of them and a half were missed
const TICK_MS = 1_000;
const SUSPENDED_MS = 5_000; // our own timer came so late that the machine must have slept
const PROOF_MS = 5_000;
const OPENING_MS = 10_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
const RESTART_SPREAD_MS = 3_000;
const POLL_MS = 2_000;
const UNOPENED_BEFORE_POLLING = 3;
const COMMAND_MS = 10_000;

/** A command that was refused, or that may not have arrived. */
export class CommandError extends Error {
  /**
   * @param {string} code a code of the protocol, or `connection` (it may not have arrived), or `timeout`
   * @param {string} detail what to tell the person who gave the command
   * @param {object} [more]
   * @param {string} [more.reason] what kind of conflict: `stale` when somebody else changed it in the same moment
   * @param {Array<{pointer: string, code: string, detail: string}>} [more.errors] the fields at fault
   * @param {string} [more.by_name] who was first, and `at` when
   */
  constructor(code, detail, { reason = "", errors = [], by_name: byName = "", at = "" } = {}) {
    super(detail);
    this.name = "CommandError";
    this.code = code;
    this.detail = detail;
    this.reason = reason;
    this.errors = errors;
    this.byName = byName;
    this.at = at;
  }
}

/**
 * @typedef {object} Cursor where in the restaurant's stream a state holds
 * @property {string} epoch
 * @property {number} seq
 *
 * @typedef {object} ConnectionState
 * @property {"live"|"stale"|"offline"} state `stale`: connected before (or started with a cursor), now retrying;
 *   `offline`: nothing to show yet, no network, or given up (see `reason`)
 * @property {Date|null} since the last moment for which the state on the screen is known to be right
 * @property {"websocket"|"polling"|null} transport
 * @property {""|"connecting"|"network"|"unauthenticated"|"forbidden"|"replaced"|"stopped"} reason
 *
 * @typedef {object} Options
 * @property {string[]} rooms joined together, at one cursor
 * @property {string} [base] origin of the server; the page's own by default
 * @property {string|(() => string|null|Promise<string|null>)} [token] credential for the `auth` command and for
 *   polling; asked for again when the server no longer takes it; without it the session cookie must do
 * @property {string} [restaurant] slug, for staff of several restaurants
 * @property {Cursor|null} [cursor] of the state that is held already: go on from there
 * @property {Date} [cursorAt] when that state was read
 * @property {(snapshots: Object<string, object>, cursor: Cursor) => void} [onSnapshot] replace the state:
 *   one snapshot for each room, by its name
 * @property {(event: object) => void} [onEvent] apply one event; figures (`kitchen:stats_update`) are in no stream and
 *   come without a `seq`, the last ones right as soon as nothing moves
 * @property {(state: ConnectionState) => void} [onState]
 * @property {() => Promise<{epoch: string, seq: number, snapshots: Object<string, object>}>} [fetchSnapshot]
 *   where to get a state while WebSockets are blocked; without it, polling can only resume a cursor
 * @property {(error: unknown) => void} [onError] faults in the callbacks and in frames; the console by default
 * @property {typeof WebSocket} [WebSocket] an implementation, where there is no global one
 * @property {typeof fetch} [fetch]
 */

/** A connection to one restaurant that repairs itself. */
export class BrigadeClient {
  #options;
  #base;
  #link = null; // the one socket that counts; what an older one still says is not heard
  #cursor;
  #requests = new Map();
  #lastRef = 0;
  #attempts = 0;
  #unopened = 0;
  #credential = null;
  #refusedTokens = 0;
  #heardAt;
  #tickedAt = 0;
  #clockAhead = 0;
  #running = false;
  #stopReason = "";
  #everLive = false;
  #polling = false;
  #pollWorks = false;
  #timers = { tick: null, retry: null, poll: null };
  #reported = null;

  /** @param {Options} options */
  constructor(options) {
    const page = globalThis.location?.origin;
    this.#options = {
      WebSocket: globalThis.WebSocket,
      fetch: globalThis.fetch?.bind(globalThis),
      onError: (error) => console.error(error),
      ...options,
    };
    this.#base = options.base ?? page;
    if (!this.#base) throw new TypeError("base is needed outside a page");
    if (!this.#options.WebSocket) throw new TypeError("WebSocket is needed where there is no global one");
    this.#cursor = options.cursor ? { epoch: options.cursor.epoch, seq: options.cursor.seq } : null;
    this.#heardAt = this.#cursor ? (options.cursorAt ?? new Date()).getTime() : null;
  }

  /** Where the state that `onSnapshot` and `onEvent` built up holds; null before the first one. @returns {Cursor|null} */
  get cursor() {
    return this.#cursor && { ...this.#cursor };
  }

  /** What the screen may say about itself. @returns {ConnectionState} */
  get state() {
    const since = this.#heardAt === null ? null : new Date(this.#heardAt);
    const transport = this.#link?.live ? "websocket" : this.#pollWorks ? "polling" : null;
    if (!this.#running) return { state: "offline", since, transport: null, reason: this.#stopReason || "stopped" };
    if (transport) return { state: "live", since: null, transport, reason: "" };
    if (globalThis.navigator?.onLine === false) return { state: "offline", since, transport, reason: "network" };
    const reason = this.#everLive ? "" : "connecting";
    return { state: this.#cursor ? "stale" : "offline", since, transport, reason };
  }

  /** The server's clock, so that a screen whose own clock is wrong still counts minutes right. @returns {Date} */
  now() {
    return new Date(Date.now() + this.#clockAhead);
  }

  /** Connect, and stay connected until `stop`. */
  start() {
    if (this.#running) return;
    this.#running = true;
    this.#stopReason = "";
    this.#attempts = this.#unopened = this.#refusedTokens = 0;
    this.#tickedAt = Date.now();
    this.#timers.tick = setInterval(() => this.#tick(), TICK_MS);
    globalThis.addEventListener?.("online", this.#networkChanged);
    globalThis.addEventListener?.("offline", this.#networkChanged);
    globalThis.document?.addEventListener("visibilitychange", this.#looked);
    this.#connect();
    this.#report();
  }

  /** Disconnect for good; the cursor stays, and `start` goes on from it. */
  stop() {
    this.#end("stopped");
  }

  /**
   * Give the server a command and wait for its answer.
   *
   * @param {string} type a command of the protocol
   * @param {object} [data]
   * @param {{timeoutMs?: number}} [limits]
   * @returns {Promise<object>} the reply's data; rejects with a CommandError
   */
  command(type, data = {}, { timeoutMs = COMMAND_MS } = {}) {
    return new Promise((resolve, reject) => {
      if (!this.#link?.live) {
        reject(new CommandError("connection", "There is no connection to the server."));
        return;
      }
      this.#ask(this.#link, type, data, timeoutMs, (error, reply) => (error ? reject(error) : resolve(reply)));
    });
  }

  /** Renew the credential of the open socket before it expires. @param {string} token @returns {Promise<object>} */
  authenticate(token) {
    return this.command("auth", { token, ...this.#chosenRestaurant() });
  }

  // The socket ---------------------------------------------------------------------------------

  #connect() {
    clearTimeout(this.#timers.retry);
    this.#timers.retry = null;
    if (this.#link || !this.#running) return;
    const url = new URL("/ws/", this.#base);
    url.protocol = url.protocol.replace("http", "ws");
    let socket;
    try {
      socket = new this.#options.WebSocket(url.href);
    } catch (error) {
      this.#options.onError(error); // a page whose policy forbids the address
      this.#unopened += 1;
      this.#retry(0);
      return;
    }
    const now = Date.now();
    const link = { socket, startedAt: now, heardAt: now, welcomed: false, joined: false, live: false, replaysLeft: 0, proof: null };
    this.#link = link;
    socket.onmessage = ({ data }) => this.#link === link && this.#receive(link, data);
    socket.onclose = ({ code }) => this.#link === link && this.#closed(link, code);
    // A close with its code follows in browsers; Node leaves it out where the socket never opened.
    socket.onerror = () => setTimeout(() => this.#drop(link, 0));
  }

  #receive(link, text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch (error) {
      this.#options.onError(error);
      return;
    }
    link.heardAt = Date.now();
    if (frame.type === "reply") this.#answer(frame);
    else if (frame.type === "welcome") this.#welcomed(link, frame.data);
    else if (frame.type === "heartbeat") this.#beat(link, frame);
    else if (frame.type === "left") this.#left(frame.data);
    else this.#arrived(link, frame);
    if (this.#link === link && link.live) this.#heardAt = link.heardAt;
  }

  #welcomed(link, welcome) {
    link.welcomed = true;
    this.#unopened = 0;
    this.#setClock(welcome.server_time);
    if (welcome.authenticated) this.#join(link);
    else if (this.#options.token) this.#authenticate(link);
    else this.#end("unauthenticated");
  }

  async #authenticate(link) {
    let token = null;
    try {
      token = await this.#token();
    } catch (error) {
      this.#options.onError(error);
      if (this.#link === link) this.#drop(link, 0);
      return;
    }
    if (this.#link !== link) return;
    if (!token) {
      this.#end("unauthenticated");
      return;
    }
    this.#ask(link, "auth", { token, ...this.#chosenRestaurant() }, COMMAND_MS, (error) => {
      if (!error) this.#join(link);
      else if (error.code === "unauthenticated") this.#drop(link, CLOSE.unauthenticated);
      else if (FINAL_REFUSALS.includes(error.code)) this.#end("forbidden");
      else this.#drop(link, 0);
    });
  }

  #join(link) {
    const since = this.cursor;
    const data = { rooms: this.#options.rooms, ...(since ? { since } : { snapshot: true }) };
    this.#ask(link, "join", data, COMMAND_MS, (error, reply) => {
      if (error) {
        if (FINAL_REFUSALS.includes(error.code)) this.#end("forbidden");
        else this.#drop(link, error.code === "unauthenticated" ? CLOSE.unauthenticated : 0);
        return;
      }
      if (reply.snapshot) this.#takeSnapshot(reply.snapshot, reply);
      link.joined = true;
      link.replaysLeft = reply.snapshot ? 0 : reply.replayed;
      if (this.#link === link && link.replaysLeft === 0) this.#caughtUp(link);
    });
  }

  #caughtUp(link) {
    if (link.live || link.proof) return;
    link.live = true;
    this.#everLive = true;
    this.#attempts = this.#refusedTokens = 0;
    this.#heardAt = link.heardAt;
    this.#stopPolling();
    this.#report();
  }

  #beat(link, frame) {
    this.#setClock(frame.timestamp);
    if (!link.joined || link.replaysLeft > 0) return; // it may run ahead of what this screen has been given
    if (frame.epoch !== this.#cursor.epoch) {
      this.#drop(link, CLOSE.restarting); // the stream began anew: the next join says resync
      return;
    }
    if (frame.seq > this.#cursor.seq) this.#cursor.seq = frame.seq;
  }

  #arrived(link, event) {
    if (!link.joined) return;
    if (event.replayed && link.replaysLeft > 0) link.replaysLeft -= 1;
    if (event.epoch && this.#cursor && event.epoch !== this.#cursor.epoch) {
      this.#drop(link, CLOSE.restarting);
      return;
    }
    this.#takeEvent(event);
    if (this.#link === link && link.replaysLeft === 0) this.#caughtUp(link);
  }

  #left({ room, reason }) {
    if (!this.#options.rooms.includes(room)) return;
    this.#options.onError(new CommandError("forbidden", `The server took the room ${room} away: ${reason}`));
    this.#end("forbidden");
  }

  /** Hear no more of a socket, whether or not the network lets it close, and plan the next. */
  #drop(link, code) {
    if (this.#link !== link) return;
    link.socket.close();
    this.#closed(link, code);
  }

  #closed(link, code) {
    this.#link = null;
    link.live = false;
    for (const request of [...this.#requests.values()]) {
      request.finish(new CommandError("connection", "The connection was lost before the server answered."));
    }
    if (!link.welcomed) this.#unopened += 1;
    if (code === CLOSE.forbidden) this.#end("forbidden");
    else if (code === CLOSE.replaced) this.#end("replaced"); // coming back would only push another screen out
    else if (code === CLOSE.unauthenticated) this.#askAgain();
    else this.#retry(code);
    this.#report();
  }

  /** A token may just have expired: ask for another, but no third time. */
  #askAgain() {
    this.#credential = null;
    this.#refusedTokens += 1;
    if (typeof this.#options.token !== "function" || this.#refusedTokens > 2) this.#end("unauthenticated");
    else this.#retry(CLOSE.unauthenticated);
  }

  #retry(code) {
    if (!this.#running) return;
    const step = code === CLOSE.tooMany ? LONGEST_RETRY_MS : Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts);
    // A server that restarts is met by all its screens at once: they come back spread out.
    const wait = code === CLOSE.restarting ? Math.random() * RESTART_SPREAD_MS : step * (0.5 + Math.random() / 2);
    this.#attempts += 1;
    clearTimeout(this.#timers.retry);
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
    if (this.#unopened >= UNOPENED_BEFORE_POLLING) this.#startPolling();
  }

  #end(reason) {
    const link = this.#link;
    this.#running = false;
    this.#stopReason = reason;
    this.#stopPolling();
    clearInterval(this.#timers.tick);
    clearTimeout(this.#timers.retry);
    globalThis.removeEventListener?.("online", this.#networkChanged);
    globalThis.removeEventListener?.("offline", this.#networkChanged);
    globalThis.document?.removeEventListener("visibilitychange", this.#looked);
    if (link) this.#drop(link, 0);
    this.#report();
  }

  // Watching the line --------------------------------------------------------------------------

  #tick() {
    const now = Date.now();
    const late = now - this.#tickedAt > SUSPENDED_MS;
    this.#tickedAt = now;
    const link = this.#link;
    if (late && this.#pollWorks) this.#pollFailed();
    if (!link) return;
    if (link.proof) this.#awaitProof(link, now);
    else if (late && link.live) this.#demandProof(link, now);
    else if (!link.welcomed && now - link.startedAt > OPENING_MS) this.#drop(link, 0);
    else if (now - link.heardAt > SILENCE_MS) this.#drop(link, 0);
  }

  /** After a sleep what lies in the line may be hours old: only an answer to a question asked now counts. */
  #demandProof(link, now) {
    link.live = false;
    link.proof = { askedAt: now };
    this.#report();
    this.#ask(link, "ping", {}, PROOF_MS, (error) => {
      if (error) return;
      link.proof = null;
      this.#caughtUp(link);
    });
  }

  #awaitProof(link, now) {
    if (now - link.proof.askedAt > PROOF_MS) this.#drop(link, 0);
  }

  #networkChanged = () => {
    if (globalThis.navigator?.onLine !== false && !this.#link) {
      this.#attempts = 0;
      this.#connect();
    }
    this.#report();
  };

  #looked = () => this.#tick();

  #report() {
    const state = this.state;
    const told = this.#reported;
    const same = told && told.state === state.state && told.reason === state.reason && told.transport === state.transport;
    if (same) return;
    this.#reported = state;
    this.#guard(() => this.#options.onState?.(state));
  }

  #setClock(timestamp) {
    const time = Date.parse(timestamp);
    if (!Number.isNaN(time)) this.#clockAhead = time - Date.now();
  }

  // Requests -----------------------------------------------------------------------------------

  /** `done` runs while the frame is handled: what follows the reply in the line is applied after it. */
  #ask(link, type, data, timeoutMs, done) {
    const ref = String((this.#lastRef += 1));
    const finish = (error, reply) => {
      clearTimeout(timer);
      if (this.#requests.delete(ref)) done(error, reply);
    };
    const timer = setTimeout(() => finish(new CommandError("timeout", "The server did not answer in time.")), timeoutMs);
    this.#requests.set(ref, { finish });
    try {
      link.socket.send(JSON.stringify({ type, ref, data }));
    } catch {
      finish(new CommandError("connection", "There is no connection to the server."));
    }
  }

  #answer({ ref, ok, data, error }) {
    const request = this.#requests.get(ref);
    if (!request) return;
    if (ok) request.finish(null, data);
    else request.finish(new CommandError(error.code, error.detail, error));
  }

  async #token() {
    const { token } = this.#options;
    this.#credential ??= typeof token === "function" ? await token() : token;
    return this.#credential;
  }

  #chosenRestaurant() {
    return this.#options.restaurant ? { restaurant: this.#options.restaurant } : {};
  }

  // State --------------------------------------------------------------------------------------

  #takeSnapshot(snapshots, { epoch, seq }) {
    this.#cursor = { epoch, seq };
    this.#guard(() => this.#options.onSnapshot?.(snapshots, this.cursor));
  }

  #takeEvent(event) {
    if (event.seq !== undefined) {
      if (!this.#cursor || event.seq <= this.#cursor.seq) return; // had it already
      this.#cursor.seq = event.seq;
    }
    this.#guard(() => this.#options.onEvent?.(event));
  }

  /** A screen whose own code failed on an event holds a state that nobody can vouch for: start it afresh. */
  #guard(callback) {
    try {
      callback();
    } catch (error) {
      this.#options.onError(error);
      this.#cursor = null;
      if (this.#link) this.#drop(this.#link, 0);
    }
  }

  // Polling, while WebSockets are blocked ------------------------------------------------------

  #startPolling() {
    if (this.#polling) return;
    this.#polling = true;
    this.#poll();
  }

  #stopPolling() {
    this.#polling = this.#pollWorks = false;
    clearTimeout(this.#timers.poll);
  }

  async #poll() {
    let wait = POLL_MS;
    try {
      if (!this.#cursor) await this.#pollSnapshot();
      else if (await this.#pollEvents()) wait = 0;
    } catch {
      if (this.#polling) this.#pollFailed();
    }
    if (this.#polling) this.#timers.poll = setTimeout(() => this.#poll(), wait);
  }

  async #pollSnapshot() {
    if (!this.#options.fetchSnapshot) throw new Error("no snapshot can be had without a WebSocket");
    const { epoch, seq, snapshots } = await this.#options.fetchSnapshot();
    if (!this.#polling) return;
    this.#takeSnapshot(snapshots, { epoch, seq });
    this.#pollWorked();
  }

  /** @returns {Promise<boolean>} whether there is more to read at once */
  async #pollEvents() {
    const asked = this.cursor;
    const url = new URL("/api/events", this.#base);
    url.search = new URLSearchParams({ after: asked.seq, epoch: asked.epoch, rooms: this.#options.rooms.join(","), wait: 0 });
    const token = this.#options.token ? await this.#token() : null;
    const headers = token ? { Accept: "application/json", Authorization: `Bearer ${token}` } : { Accept: "application/json" };
    const signal = AbortSignal.timeout(OPENING_MS);
    const response = await this.#options.fetch(url, { headers, signal, cache: "no-store", credentials: "same-origin" });
    if (!this.#polling) return false;
    if (response.status === 401) this.#askAgain();
    if (response.status === 403) this.#end("forbidden");
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const page = await response.json();
    if (!this.#polling) return false; // a socket took over meanwhile
    if (page.resync || page.epoch !== asked.epoch) {
      this.#cursor = null;
      return true;
    }
    for (const event of page.events) this.#takeEvent(event);
    if (this.#cursor && page.seq > this.#cursor.seq) this.#cursor.seq = page.seq;
    const behind = page.seq < page.head;
    if (!behind) this.#pollWorked();
    return behind;
  }

  #pollWorked() {
    this.#heardAt = Date.now();
    if (this.#pollWorks || !this.#cursor) return;
    this.#pollWorks = this.#everLive = true;
    this.#report();
    if (!this.#link) this.#connect(); // the server is back: perhaps sockets are too
  }

  #pollFailed() {
    this.#pollWorks = false;
    this.#report();
  }
}

// How an event changes a state --------------------------------------------------------------------

/**
 * The kitchen's state from the snapshot of the room `kitchen` or `station:{id}`.
 * A single station's keeps a ticket while any item of it has a step there, done or not, and it is open.
 * @param {{orders: object[], stations: object[], cancel_requests?: object[]}} snapshot
 * @param {string} [room] whose snapshot it is
 */
export function kitchenState(snapshot, room = "kitchen") {
  return {
    kind: "kitchen",
    station: room.startsWith("station:") ? Number(room.slice("station:".length)) : null,
    orders: byId(snapshot.orders),
    stations: byId(snapshot.stations),
    requests: snapshot.cancel_requests && new Map(snapshot.cancel_requests.map((request) => [request.order_id, request])),
  };
}

/**
 * The open orders from the snapshot of `orders`, `waiters`, `table:{id}` or `customer:{id}`.
 * @param {{orders: object[]}} snapshot
 */
export function ordersState(snapshot) {
  return { kind: "orders", orders: byId(snapshot.orders) };
}

/**
 * The state after an event: a snapshot with all later events applied is what a new snapshot would say.
 * Pure: it returns a new state and leaves the old one alone, or returns the same where nothing changed.
 *
 * @param {object} state from `kitchenState` or `ordersState`
 * @param {{type: string, data: object}} event
 */
export function applyEvent(state, event) {
  return state.kind === "kitchen" ? applyToKitchen(state, event) : applyToOrders(state, event);
}

function byId(rows) {
  return new Map(rows.map((row) => [row.id, row]));
}

function withRow(rows, row) {
  return new Map(rows).set(row.id, row);
}

function withoutRow(rows, id) {
  const rest = new Map(rows);
  return rest.delete(id) ? rest : rows;
}

/** A ticket is told whole by everything that happens to it: the newest telling stands. */
function applyToKitchen(state, { type, data }) {
  if (type === "station:updated") return withStation(state, data);
  const orders = data.kitchen_order ? withTicket(state, data.kitchen_order) : state.orders;
  const requests = withRequest(state.requests, data);
  return orders === state.orders && requests === state.requests ? state : { ...state, orders, requests };
}

/** The cancellations that wait for the kitchen's word, by order: every event of the unit that changed it says what it is now. */
function withRequest(requests, { order_id: orderId, changes }) {
  const asked = changes?.pending_cancellation;
  if (!requests || asked === undefined) return requests; // a single station's screen decides none
  return asked ? new Map(requests).set(orderId, { ...asked, order_id: orderId }) : withoutRow(requests, orderId);
}

function withStation(state, { station, is_deleted: isDeleted }) {
  if (state.station !== null && state.station !== station.id) return state; // another's, on a socket in both rooms
  const stations = isDeleted ? withoutRow(state.stations, station.id) : withRow(state.stations, station);
  return { ...state, stations };
}

function withTicket({ orders, station }, ticket) {
  const held = orders.get(ticket.id);
  if (held && held.version > ticket.version) return orders;
  const stays = OPEN_TICKET_STATUSES.includes(ticket.status) && (station === null || hasStepAt(ticket, station));
  return stays ? withRow(orders, ticket) : withoutRow(orders, ticket.id);
}

function hasStepAt(ticket, station) {
  return ticket.items.some((item) => item.steps.some((step) => step.station_id === station));
}

function applyToOrders(state, { type, data }) {
  const orders = data.order ? withOrder(state.orders, data.order) : withOrderChange(state.orders, type, data);
  return orders === state.orders ? state : { ...state, orders };
}

function withOrder(orders, order) {
  const held = orders.get(order.id);
  if (held && held.version > order.version) return orders;
  return CLOSED_ORDER_STATUSES.includes(order.status) ? withoutRow(orders, order.id) : withRow(orders, order);
}

function withOrderChange(orders, type, data) {
  const order = orders.get(data.order_id);
  if (!order) return orders;
  if (type === "order:deleted" || type === "order:left") return withoutRow(orders, order.id);
  if (data.version !== undefined && data.version < order.version) return orders;
  const items = withItemChange(order.items, type, data);
  return withOrder(orders, { ...order, ...data.changes, version: data.version ?? order.version, items });
}

function withItemChange(items, type, data) {
  if (type === "order-item:added" || type === "order-item:updated") return withItems(items, [data.item]);
  if (type === "order:items_added") return withItems(items, data.items);
  if (type === "order-item:removed") return items.filter((item) => item.id !== data.item_id);
  if (type === "order:item_status_changed") {
    return items.map((item) => (item.id === data.item_id ? { ...item, status: data.status } : item));
  }
  return items;
}

function withItems(items, news) {
  const rows = byId(items);
  for (const item of news) rows.set(item.id, item);
  return [...rows.values()];
}
