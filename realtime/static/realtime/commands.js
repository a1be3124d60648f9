/**
 * The board's commands: by WebSocket where there is one, by the REST API where WebSockets are blocked, and by a
 * request that outlives the page when it is left. All three reach the same services on the server.
 */

import { CommandError } from "./client.js";

const ANSWER_MS = 10_000;
const MOST_ROWS = 100;
const MOVES = ["ready", "completed", "cancelled"];

/**
 * Make the board's commands.
 * @param {import("./client.js").BrigadeClient} client
 * @param {string} csrfToken the page's own; the session cookie signs the requests
 * @param {import("./own.js").OwnActs} own
 * @param {number} recallMinutes how long after it was ready a ticket can be recalled
 */
export function kitchenCommands(client, csrfToken, own, recallMinutes) {
  const overSocket = () => client.state.transport !== "polling";

  const put = (ticketId, what, body, keepalive = false) => send("PUT", `orders/${ticketId}/${what}`, body, keepalive);

  const send = (method, what, body, keepalive = false) => ask(method, `/api/kitchen/${what}`, body, keepalive);

  async function ask(method, address, body, keepalive = false) {
    const response = await fetch(address, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken },
      body: body && JSON.stringify(body),
      credentials: "same-origin",
      keepalive,
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(({ name }) => {
      if (name === "TimeoutError") throw new CommandError("timeout", "The server did not answer in time.");
      throw new CommandError("connection", "The connection was lost before the server answered.");
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new CommandError(answer.code ?? "internal", answer.detail ?? response.statusText, answer);
    return answer;
  }

  /** Read a list to its end. */
  async function all(address) {
    const rows = [];
    while (address) {
      const { results, next } = await ask("GET", address);
      rows.push(...results);
      address = next && `/api/${next.split("/api/")[1]}`; // the server may be known by another name behind its proxy
    }
    return rows;
  }

  return {
    setStatus(ticket, status, version) {
      const over = { kitchen_order_id: ticket.id, status, version };
      const sending = overSocket()
        ? client.command("kitchen:update_order_status", over)
        : put(ticket.id, "status", { status, version });
      return own.send(ticket.id, sending);
    },

    setItemStatus(ticket, itemId, status) {
      const over = { kitchen_order_id: ticket.id, item_id: itemId, status };
      const sending = overSocket()
        ? client.command("kitchen:update_item_status", over)
        : put(ticket.id, "items/status", { items: [{ item_id: itemId, status }] });
      return own.send(ticket.id, sending);
    },

    /** Move several items, all or none. */
    setItemStatuses(ticket, itemIds, status, version) {
      const items = itemIds.map((id) => ({ item_id: id, status }));
      return own.send(ticket.id, put(ticket.id, "items/status", { items, version }));
    },

    /** Confirm by the name of who is signed in that the guest's allergy, as this screen shows it, was seen to. */
    confirmAllergy(ticket, itemId) {
      const what = `orders/${ticket.id}/items/${itemId}/confirm-allergy`;
      return own.send(ticket.id, send("POST", what, { version: ticket.version }));
    },

    fire(ticket, course) {
      return own.send(ticket.id, send("POST", `orders/${ticket.id}/fire`, { course }));
    },

    /** Take a ticket that was made back; without its version: who is second reads who was first. */
    recall(ticket, reason) {
      return own.send(ticket.id, send("POST", `orders/${ticket.id}/recall`, { reason }));
    },

    /** Say the kitchen's word on a cancellation: `accept`, or `reject` with the reason. */
    decide(ticket, request, decision, reason) {
      const sending = send("POST", `cancel-requests/${request.id}/${decision}`, decision === "reject" ? { reason } : {});
      return own.send(ticket.id, sending, decision === "accept");
    },

    /** What was made lately: the tickets that were opened last, and all that may still be recalled. */
    async madeLately() {
      const { results } = await send("GET", `orders?status=ready,completed&ordering=-id&limit=${MOST_ROWS}`);
      const recallable = `orders?status=ready&include_completed=${recallMinutes}&limit=${MOST_ROWS}`;
      return [...results, ...(await all(`/api/kitchen/${recallable}`))];
    },

    /**
     * Who last brought a ticket to its end, or one of its items further, or had it back.
     * @returns {Promise<{actor: object|null, at: string, to: string, reason: string}|null>}
     */
    async lastMove(ticket, itemId) {
      const rows = await all(`/api/orders/${ticket.order_id}/history?limit=${MOST_ROWS}`);
      return rows.map((row) => moveOf(row, itemId)).findLast(Boolean) ?? null;
    },

    /** Send what still waits on a page that is being left; nobody is there to read the answer. */
    sendOnLeaving(ticket, bump) {
      const left = ticket.items.filter((item) => ["pending", "preparing"].includes(item.status) && !item.held);
      const items = bump.itemId === null ? left.map((item) => item.id) : [bump.itemId];
      const request =
        bump.status === "ready"
          ? put(ticket.id, "items/status", { items: items.map((id) => ({ item_id: id, status: "ready" })) }, true)
          : put(ticket.id, "status", { status: bump.status, version: ticket.version }, true);
      request.catch(() => {});
    },
  };
}

/** What a row of an order's history says of a ticket's end, or of one of its items; null where it is of something else. */
function moveOf({ event, changes, actor, at }, itemId) {
  if (itemId !== null) {
    const isOfItem = event === "kitchen:item_status_changed" && changes.ticket_item_id?.[0] === itemId;
    return isOfItem ? { actor, at, to: "item", reason: "" } : null;
  }
  if (event === "kitchen:order_recalled") return { actor, at, to: "recalled", reason: changes.recall_reason?.[1] ?? "" };
  const status = changes.ticket_status?.[1];
  return MOVES.includes(status) ? { actor, at, to: status, reason: "" } : null;
}
