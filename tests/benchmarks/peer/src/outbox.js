// An event, as the screens get it. With the outbox it is a row of the same transaction, numbered without gaps, so that
// a crash between COMMIT and sending loses nothing; without, as is usual, it is sent and forgotten.

import { randomUUID } from "node:crypto";

import { config } from "./config.js";

function roomsOf(order) {
  const rooms = ["kitchen", "waiters", "orders", `order:${order.id}`];
  if (order.table_id) rooms.push(`table:${order.table_id}`);
  return rooms;
}

export async function announce(trx, restaurantId, type, data) {
  const rooms = roomsOf(data.order);
  const event = { id: randomUUID(), timestamp: data.order.updated_at, rooms, ...data };
  if (config.withOutbox) {
    const [{ head }] = await trx("streams").where({ restaurant_id: restaurantId }).increment("head").returning("head");
    event.seq = Number(head);
    await trx("events").insert({
      restaurant_id: restaurantId,
      seq: event.seq,
      type,
      rooms,
      data: JSON.stringify(event),
    });
  }
  return { restaurantId, type, rooms, event };
}
