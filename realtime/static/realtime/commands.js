/**
 * The board's commands: by WebSocket where there is one, by the REST API where WebSockets are blocked, and by a
 * request that outlives the page when it is left. All three reach the same services on the server.
 */

import { CommandError } from "./client.js";

/** Make the board's commands. `csrfToken` is the page's own; the session cookie signs the requests. */
export function kitchenCommands(client, csrfToken) {
  const overSocket = () => client.state.transport !== "polling";

  const put = (ticketId, what, body, keepalive = false) => send("PUT", `orders/${ticketId}/${what}`, body, keepalive);

  async function send(method, what, body, keepalive = false) {
    const response = await fetch(`/api/kitchen/${what}`, {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(body),
      credentials: "same-origin",
      keepalive,
    }).catch(() => {
      throw new CommandError("connection", "The connection was lost before the server answered.");
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new CommandError(answer.code ?? "internal", answer.detail ?? response.statusText, answer);
    return answer;
  }

  return {
    setStatus(ticket, status, version) {
      if (!overSocket()) return put(ticket.id, "status", { status, version });
      return client.command("kitchen:update_order_status", { kitchen_order_id: ticket.id, status, version });
    },

    setItemStatus(ticket, itemId, status) {
      if (!overSocket()) return put(ticket.id, "items/status", { items: [{ item_id: itemId, status }] });
      return client.command("kitchen:update_item_status", { kitchen_order_id: ticket.id, item_id: itemId, status });
    },

    /** Move several items, all or none. */
    setItemStatuses(ticket, itemIds, status, version) {
      return put(ticket.id, "items/status", { items: itemIds.map((id) => ({ item_id: id, status })), version });
    },

    /** Confirm by the name of who is signed in that the guest's allergy, as this screen shows it, was seen to. */
    confirmAllergy(ticket, itemId) {
      return send("POST", `orders/${ticket.id}/items/${itemId}/confirm-allergy`, { version: ticket.version });
    },

    fire(ticket, course) {
      return send("POST", `orders/${ticket.id}/fire`, { course });
    },

    /** Say the kitchen's word on a cancellation: `accept`, or `reject` with the reason. */
    decide(request, decision, reason) {
      return send("POST", `cancel-requests/${request.id}/${decision}`, decision === "reject" ? { reason } : {});
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
