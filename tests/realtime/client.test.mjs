// The client library under Node, against a really running server.
//
// tests/realtime/test_client.py starts this: it serves, and does what is asked of it on standard output (make an
// order, kill the server, …). Between client and server stands a proxy that cuts, freezes and refuses like a network.

import assert from "node:assert/strict";
import net from "node:net";
import { createInterface } from "node:readline";
import { after, test } from "node:test";

import { Bumps, UNDO_MS } from "../../realtime/static/realtime/bumps.js";
import { BrigadeClient, CommandError, applyEvent, kitchenState, ordersState } from "../../realtime/static/realtime/client.js";

const { BRIGADE_HOST: host, BRIGADE_PORT: port, BRIGADE_TOKEN: token, BRIGADE_WAITER_TOKEN: waiterToken } = process.env;

// The restaurant, on the other end of the pipe ---------------------------------------------------

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function restaurant(act, options = {}) {
  process.stdout.write(`${JSON.stringify({ act, ...options })}\n`);
  const { value, done } = await answers.next();
  if (done) throw new Error("the restaurant is closed");
  return JSON.parse(value);
}

after(() => process.stdin.destroy());

// The network ------------------------------------------------------------------------------------

class Network {
  static async open(t) {
    const network = new Network();
    network.pairs = new Set();
    network.blocksSockets = false;
    network.isDown = false;
    network.server = net.createServer((near) => network.#join(near));
    await new Promise((resolve) => network.server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      network.cut();
      network.server.close();
    });
    return network;
  }

  get base() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  #join(near) {
    if (this.isDown) {
      near.destroy();
      return;
    }
    const far = net.connect(Number(port), host);
    const pair = [near, far];
    this.pairs.add(pair);
    const end = () => {
      this.pairs.delete(pair);
      pair.forEach((side) => side.destroy());
    };
    pair.forEach((side) => side.on("error", end).on("close", end));
    far.pipe(near);
    near.on("data", (bytes) => {
      if (this.blocksSockets && /upgrade: websocket/i.test(bytes.toString("latin1"))) end();
      else far.write(bytes);
    });
  }

  cut() {
    for (const pair of this.pairs) pair.forEach((side) => side.destroy());
  }

  /** Both ends stay open, and nothing comes through: what a dead access point does. */
  freeze() {
    for (const [near, far] of this.pairs) {
      far.unpipe(near);
      far.pause();
    }
  }
}

// A screen ---------------------------------------------------------------------------------------

/** A kitchen screen that keeps everything it is told. */
class Screen {
  constructor(t, base, options = {}) {
    this.told = [];
    this.snapshots = 0;
    this.connection = [];
    this.faults = [];
    this.waiting = new Set();
    this.client = new BrigadeClient({
      base,
      token,
      rooms: ["kitchen", "orders"],
      onSnapshot: ({ kitchen, orders }) => {
        this.snapshots += 1;
        this.kitchen = kitchenState(kitchen);
        this.orders = ordersState(orders);
        this.#look();
      },
      onEvent: (event) => {
        this.told.push(event);
        this.kitchen = applyEvent(this.kitchen, event);
        this.orders = applyEvent(this.orders, event);
        this.#look();
      },
      onState: (state) => {
        this.connection.push(state);
        this.#look();
      },
      onError: (error) => this.faults.push(error),
      ...options,
    });
    t.after(() => this.client.stop());
    this.client.start();
  }

  /** Numbers of the stream: figures that come in between have none. */
  get seqs() {
    return this.told.filter((event) => event.seq !== undefined).map((event) => event.seq);
  }

  #look() {
    for (const wait of [...this.waiting]) wait();
  }

  /** Wait until the condition holds; the test's own time limit ends a wait in vain. */
  until(condition) {
    return new Promise((resolve) => {
      const wait = () => {
        if (!condition()) return;
        this.waiting.delete(wait);
        resolve();
      };
      this.waiting.add(wait);
      wait();
    });
  }

  becomes(state) {
    return this.until(() => this.client.state.state === state);
  }

  has(seq) {
    return this.until(() => this.seqs.at(-1) >= seq);
  }
}

function plain(rows) {
  return [...rows.values()].sort((a, b) => a.id - b.id);
}

async function assertExact(screen) {
  const fresh = await restaurant("snapshots");
  assert.deepEqual(plain(screen.kitchen.orders), plain(kitchenState(fresh.kitchen).orders));
  assert.deepEqual(plain(screen.kitchen.stations), plain(kitchenState(fresh.kitchen).stations));
  assert.deepEqual(plain(screen.orders.orders), plain(ordersState(fresh.orders).orders));
}

const limited = { timeout: 60_000 };

// Pure -------------------------------------------------------------------------------------------

const ticket = (id, status, version) => ({ id, order_id: id, status, version, items: [] });
const ticketEvent = (row) => ({ type: "kitchen:order_preparing", data: { kitchen_order: row } });

test("a ticket is replaced when its event is newer, and kept when it is older", () => {
  const before = kitchenState({ orders: [ticket(1, "acknowledged", 3)], stations: [] });

  const newer = applyEvent(before, ticketEvent(ticket(1, "preparing", 4)));
  const older = applyEvent(newer, ticketEvent(ticket(1, "pending", 2)));

  assert.equal(newer.orders.get(1).status, "preparing");
  assert.equal(older, newer);
  assert.equal(before.orders.get(1).status, "acknowledged");
});

test("a ticket leaves when it is completed or cancelled, and comes back when it is recalled", () => {
  const before = kitchenState({ orders: [ticket(1, "ready", 3), ticket(2, "pending", 1)], stations: [] });

  const after_ = [ticket(1, "completed", 4), ticket(2, "cancelled", 2), ticket(1, "preparing", 5)].reduce(
    (state, row) => applyEvent(state, ticketEvent(row)),
    before,
  );

  assert.deepEqual(plain(after_.orders), [ticket(1, "preparing", 5)]);
});

test("a station is replaced when it changed", () => {
  const before = kitchenState({ orders: [], stations: [{ id: 5, name: "Grill", load: 0 }] });

  const after_ = applyEvent(before, { type: "station:updated", data: { station: { id: 5, name: "Grill", load: 2 } } });

  assert.deepEqual(plain(after_.stations), [{ id: 5, name: "Grill", load: 2 }]);
});

const made = (id, version, ...stations) => ({
  ...ticket(id, "preparing", version),
  items: [{ id: 1, steps: stations.map((station) => ({ station_id: station, done: true })) }],
});

test("a station leaves when it was taken out of the kitchen", () => {
  const before = kitchenState({ orders: [], stations: [{ id: 5, load: 0 }, { id: 6, load: 0 }] });

  const after_ = applyEvent(before, { type: "station:updated", data: { station: { id: 5, load: 0 }, is_deleted: true } });

  assert.deepEqual(plain(after_.stations), [{ id: 6, load: 0 }]);
});

test("a station's screen keeps a ticket while a step of it is there, and drops it when its work has gone elsewhere", () => {
  const before = kitchenState({ orders: [made(1, 3, 5), made(2, 1, 5, 6)], stations: [] }, "station:5");

  const after_ = [made(1, 4, 6), made(2, 2, 5, 7), made(3, 1, 6), made(4, 1, 6, 5)].reduce(
    (state, row) => applyEvent(state, ticketEvent(row)),
    before,
  );

  assert.deepEqual(plain(after_.orders), [made(2, 2, 5, 7), made(4, 1, 6, 5)]);
  assert.equal(applyEvent(after_, ticketEvent(made(1, 4, 6))), after_);
  assert.deepEqual(plain(applyEvent(after_, ticketEvent(made(1, 5, 5))).orders)[0], made(1, 5, 5));
});

test("a station's screen leaves another station's news alone", () => {
  const before = kitchenState({ orders: [], stations: [{ id: 5, load: 0 }] }, "station:5");

  const other = applyEvent(before, { type: "station:updated", data: { station: { id: 6, load: 2 } } });
  const own = applyEvent(before, { type: "station:updated", data: { station: { id: 5, load: 2 } } });

  assert.equal(other, before);
  assert.deepEqual(plain(own.stations), [{ id: 5, load: 2 }]);
});

test("a cancellation waits for the kitchen until an event says that it does not", () => {
  const asked = { id: 3, reason: "They left", requested_by_id: 1, requested_by_name: "Ada", created_at: "" };
  const says = (asks) => ({ type: "order:updated", data: { order_id: 7, changes: { pending_cancellation: asks } } });
  const before = kitchenState({ orders: [], stations: [], cancel_requests: [] });

  const waiting = applyEvent(before, says(asked));
  const decided = applyEvent(waiting, says(null));

  assert.deepEqual(plain(waiting.requests), [{ ...asked, order_id: 7 }]);
  assert.deepEqual([plain(before.requests), plain(decided.requests)], [[], []]);
  const fresh = kitchenState({ orders: [], stations: [], cancel_requests: [{ ...asked, order_id: 7 }] });
  assert.deepEqual(waiting, fresh);
  assert.equal(applyEvent(fresh, { type: "order:updated", data: { order_id: 7, changes: {} } }), fresh);
});

test("a single station's screen has no cancellations to decide", () => {
  const before = kitchenState({ orders: [], stations: [] });

  const news = { type: "order:updated", data: { order_id: 7, changes: { pending_cancellation: { id: 3 } } } };

  assert.equal(applyEvent(before, news), before);
});

const order = (changes = {}) => ({ id: 7, status: "pending", version: 1, items: [{ id: 1, status: "pending" }], ...changes });
const applied = (...events) => plain(events.reduce(applyEvent, ordersState({ orders: [order()] })).orders);

test("changes are merged, and a final status takes the order off the list", () => {
  const confirmed = { type: "order:status_changed", data: { order_id: 7, version: 2, changes: { status: "confirmed" } } };
  const cancelled = { type: "order:cancelled", data: { order_id: 7, version: 3, changes: { status: "cancelled" } } };

  assert.deepEqual(applied(confirmed), [order({ status: "confirmed", version: 2 })]);
  assert.deepEqual(applied(confirmed, cancelled), []);
  assert.deepEqual(applied({ type: "order:left", data: { order_id: 7 } }), []);
  assert.deepEqual(applied({ type: "order:deleted", data: { order_id: 7 } }), []);
});

test("items are put, changed and taken away", () => {
  const item = { id: 2, status: "pending" };
  const added = { type: "order-item:added", data: { order_id: 7, version: 2, changes: {}, item } };
  const status = { type: "order:item_status_changed", data: { order_id: 7, version: 3, changes: {}, item_id: 1, status: "ready" } };
  const removed = { type: "order-item:removed", data: { order_id: 7, version: 4, changes: {}, item_id: 2 } };

  assert.deepEqual(applied(added)[0].items, [{ id: 1, status: "pending" }, item]);
  assert.deepEqual(applied(added, status)[0].items, [{ id: 1, status: "ready" }, item]);
  assert.deepEqual(applied(added, status, removed), [order({ version: 4, items: [{ id: 1, status: "ready" }] })]);
});

test("an older event changes nothing, and one of an unknown order neither", () => {
  const newer = { type: "order:updated", data: { order: order({ version: 5, notes: "window" }) } };
  const older = { type: "order:status_changed", data: { order_id: 7, version: 2, changes: { status: "confirmed" } } };
  const unknown = { type: "order:status_changed", data: { order_id: 8, version: 2, changes: { status: "confirmed" } } };

  assert.deepEqual(applied(newer, older, unknown), [order({ version: 5, notes: "window" })]);
});

/** Taps on one ticket, at a kitchen that answers what `answer` says. */
function tapping(t, answer) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const kitchen = { ticket: { ...ticket(1, "preparing", 1), notes: "", allergies: [] }, sent: [], refused: [] };
  kitchen.bumps = new Bumps({
    ticket: () => kitchen.ticket,
    isLive: () => true,
    setStatus: async (row, status, version) => {
      kitchen.sent.push([status, version]);
      return answer(kitchen, version);
    },
    show: () => {},
    refused: (error) => kitchen.refused.push(error.code),
    takenBack: () => kitchen.refused.push("taken back"),
  });
  return kitchen;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a bump that met another change in the same moment is sent again once the change is known", async (t) => {
  const kitchen = tapping(t, (_, version) => {
    if (version === 1) throw new CommandError("conflict", "too late", { reason: "stale" });
    return { version: 3 };
  });

  kitchen.bumps.add(kitchen.ticket, "ready");
  t.mock.timers.tick(UNDO_MS);
  await settled();
  const [held] = kitchen.bumps.of(1);
  kitchen.ticket = { ...kitchen.ticket, version: 2 };
  kitchen.bumps.review();
  await settled();

  assert.equal(held.phase, "sent");
  assert.deepEqual(kitchen.sent, [["ready", 1], ["ready", 2]]);
  assert.deepEqual(kitchen.refused, []);
});

test("a bump that is refused is shown as refused, and not sent again", async (t) => {
  const kitchen = tapping(t, () => {
    throw new CommandError("conflict", "confirm the allergy first", { reason: "allergy_unconfirmed" });
  });

  kitchen.bumps.add(kitchen.ticket, "ready");
  t.mock.timers.tick(UNDO_MS);
  await settled();
  kitchen.ticket = { ...kitchen.ticket, version: 2 };
  kitchen.bumps.review();

  assert.deepEqual(kitchen.refused, ["conflict"]);
  assert.deepEqual(kitchen.sent, [["ready", 1]]);
  assert.deepEqual(kitchen.bumps.of(1), []);
});

// With the server --------------------------------------------------------------------------------

test("a screen goes on from its snapshot, exactly", limited, async (t) => {
  const screen = new Screen(t, (await Network.open(t)).base);
  await screen.becomes("live");

  const { head } = await restaurant("order");
  await screen.has(head);

  assert.equal(screen.snapshots, 1);
  assert.deepEqual(screen.client.cursor.seq, head);
  await assertExact(screen);
});

test("every event comes once and in order while the line is cut again and again", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");
  const from = screen.client.cursor.seq;

  let head;
  for (let round = 0; round < 8; round += 1) {
    ({ head } = await restaurant("order"));
    if (round % 2) network.cut();
    ({ head } = await restaurant("order"));
  }
  await screen.has(head);

  const { seqs } = await restaurant("stream", { after: from });
  assert.deepEqual(screen.seqs, seqs);
  assert.equal(screen.snapshots, 1);
  await assertExact(screen);
});

test("a screen goes on where it was when the server is killed and started again", limited, async (t) => {
  const screen = new Screen(t, (await Network.open(t)).base);
  await screen.becomes("live");
  const from = screen.client.cursor.seq;

  await restaurant("kill");
  await screen.becomes("stale");
  const { head } = await restaurant("order");
  const stale = screen.connection.at(-1);
  await restaurant("start");
  await screen.has(head);
  await screen.becomes("live");

  const { seqs } = await restaurant("stream", { after: from });
  assert.deepEqual(screen.seqs, seqs);
  assert.ok(stale.since instanceof Date && stale.since <= new Date());
  await assertExact(screen);
});

test("a cursor that was kept resumes without a snapshot", limited, async (t) => {
  const { base } = await Network.open(t);
  const first = new Screen(t, base);
  await first.becomes("live");
  const { cursor } = first.client;
  first.client.stop();
  const { head } = await restaurant("order");

  const second = new Screen(t, base, { cursor, onEvent: (event) => second.told.push(event) });
  await second.becomes("live");

  const { seqs } = await restaurant("stream", { after: cursor.seq });
  assert.deepEqual(second.seqs, seqs);
  assert.equal(second.client.cursor.seq, head);
  assert.equal(second.snapshots, 0);
});

test("an event that comes twice is applied once", limited, async (t) => {
  class Echoing extends WebSocket {
    set onmessage(handler) {
      super.onmessage = (message) => {
        handler(message);
        handler(message);
      };
    }
  }
  const screen = new Screen(t, (await Network.open(t)).base, { WebSocket: Echoing });
  await screen.becomes("live");
  const from = screen.client.cursor.seq;

  const { head } = await restaurant("order");
  await screen.has(head);

  const { seqs } = await restaurant("stream", { after: from });
  assert.deepEqual(screen.seqs, seqs);
});

test("a new epoch is met with a new snapshot", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");
  const { epoch } = screen.client.cursor;

  network.isDown = true;
  network.cut();
  await restaurant("rotate");
  network.isDown = false;
  await screen.until(() => screen.snapshots === 2);

  assert.notEqual(screen.client.cursor.epoch, epoch);
  await screen.becomes("live");
  await assertExact(screen);
});

test("a frozen line is noticed though nothing closes it", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");
  screen.client.stop();
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: Date.now() });
  screen.client.start();
  await screen.becomes("live");

  network.freeze();
  const { head } = await restaurant("order");
  for (let second = 0; second < 25; second += 1) t.mock.timers.tick(1_000);
  assert.equal(screen.client.state.state, "live");
  t.mock.timers.tick(1_000);

  assert.equal(screen.client.state.state, "stale");
  await screen.has(head);
  await screen.becomes("live");
});

test("a machine that slept asks for proof before it says live", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");
  screen.client.stop();
  t.mock.timers.enable({ apis: ["setInterval", "Date"], now: Date.now() });
  screen.client.start();
  await screen.becomes("live");
  const told = screen.connection.length;

  t.mock.timers.setTime(Date.now() + 3_600_000);
  t.mock.timers.tick(1_000);
  await screen.until(() => screen.connection.length === told + 2);

  assert.deepEqual(screen.connection.slice(told).map(({ state }) => state), ["stale", "live"]);
  assert.equal(network.pairs.size, 1);
});

test("polling takes over while WebSockets are blocked, and gives way to them", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");
  const from = screen.client.cursor.seq;

  network.blocksSockets = true;
  network.cut();
  await screen.until(() => screen.client.state.transport === "polling");
  const { head } = await restaurant("order");
  await screen.has(head);
  network.blocksSockets = false;
  await screen.until(() => screen.client.state.transport === "websocket");
  const { head: last } = await restaurant("order");
  await screen.has(last);

  const { seqs } = await restaurant("stream", { after: from });
  assert.deepEqual(screen.seqs, seqs);
  assert.equal(screen.snapshots, 1);
});

test("a snapshot can be had while WebSockets are blocked", limited, async (t) => {
  const network = await Network.open(t);
  network.blocksSockets = true;
  const fetchSnapshot = async () => {
    const { epoch, seq, kitchen, orders } = await restaurant("snapshots");
    return { epoch, seq, snapshots: { kitchen, orders } };
  };
  const screen = new Screen(t, network.base, { fetchSnapshot });

  await screen.becomes("live");

  assert.equal(screen.client.state.transport, "polling");
  await assertExact(screen);
});

test("a command is answered, and a refused one says why", limited, async (t) => {
  const screen = new Screen(t, (await Network.open(t)).base);
  await screen.becomes("live");
  const { ticket_id: ticketId } = await restaurant("order");
  const start = { kitchen_order_id: ticketId, status: "preparing" };

  const started = await screen.client.command("kitchen:update_order_status", start);
  const refused = screen.client.command("kitchen:update_order_status", { ...start, status: "pending" });
  const foreign = screen.client.command("kitchen:update_order_status", { ...start, kitchen_order_id: 10 ** 9 });

  assert.equal(started.status, "preparing");
  await assert.rejects(refused, { name: "CommandError", code: "invalid_transition" });
  await assert.rejects(foreign, { name: "CommandError", code: "not_found" });
});

test("a command whose line is cut is not reported as done", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");

  network.freeze();
  const lost = screen.client.command("ping", {});
  network.cut();

  await assert.rejects(lost, (error) => error instanceof CommandError && error.code === "connection");
  await assert.rejects(screen.client.command("ping", {}), { code: "connection" });
  await screen.becomes("live");
});

test("a command that nobody answers times out", limited, async (t) => {
  const network = await Network.open(t);
  const screen = new Screen(t, network.base);
  await screen.becomes("live");

  network.freeze();

  await assert.rejects(screen.client.command("ping", {}, { timeoutMs: 50 }), { code: "timeout" });
});

test("a bad token ends the connection, and one that was renewed keeps it", limited, async (t) => {
  const { base } = await Network.open(t);
  const tokens = ["not.a.token", token];
  const fixed = new Screen(t, base, { token: "not.a.token" });
  const renewing = new Screen(t, base, { token: () => tokens.shift() });

  await fixed.becomes("offline").then(() => fixed.until(() => fixed.client.state.reason === "unauthenticated"));
  await renewing.becomes("live");

  assert.deepEqual(tokens, []);
  assert.equal((await renewing.client.authenticate(token)).authenticated, true);
});

test("a room that is not for the role is not asked for again", limited, async (t) => {
  const screen = new Screen(t, (await Network.open(t)).base, { token: waiterToken });

  await screen.until(() => screen.client.state.reason === "forbidden");

  assert.equal(screen.client.state.state, "offline");
});

test("a fault of the screen's own code is met with a new snapshot", limited, async (t) => {
  let faulty = true;
  const onEvent = (event) => {
    if (faulty) {
      faulty = false;
      throw new Error("a fault in the screen");
    }
    screen.told.push(event);
  };
  const screen = new Screen(t, (await Network.open(t)).base, { onEvent });
  await screen.becomes("live");

  await restaurant("order");
  await screen.until(() => screen.snapshots === 2);

  assert.deepEqual(screen.faults.map(({ message }) => message), ["a fault in the screen"]);
  await screen.becomes("live");
  await assertExact(screen);
});

test("a station's screen drops a ticket whose work is moved away, and the other station's has it", limited, async (t) => {
  const { here, there } = await restaurant("stations");
  const { base } = await Network.open(t);
  const [left, right] = [here, there].map((pk) => {
    const room = `station:${pk}`;
    const screen = new Screen(t, base, {
      rooms: [room],
      onSnapshot: (snapshots) => {
        screen.kitchen = kitchenState(snapshots[room], room);
      },
      onEvent: (event) => {
        screen.told.push(event);
        screen.kitchen = applyEvent(screen.kitchen, event);
        for (const wait of [...screen.waiting]) wait();
      },
    });
    return screen;
  });
  await Promise.all([left.becomes("live"), right.becomes("live")]);

  const { ticket_id: ticketId } = await restaurant("order");
  const { heads } = await restaurant("move", { ticket_id: ticketId, station_id: there });
  await Promise.all([left.has(heads[0]), right.has(heads[1])]);

  assert.equal(left.told.some((event) => event.data.kitchen_order?.id === ticketId), true);
  for (const [screen, pk] of [
    [left, here],
    [right, there],
  ]) {
    const fresh = kitchenState((await restaurant("station", { station_id: pk })).snapshot, `station:${pk}`);
    assert.deepEqual(plain(screen.kitchen.orders), plain(fresh.orders));
    assert.deepEqual(plain(screen.kitchen.stations), plain(fresh.stations));
    assert.equal(screen.kitchen.orders.has(ticketId), pk === there);
  }
});
