// The API: checks, calls, answers, and tells the screens what was committed.

import express from "express";

import { allow, authenticate } from "./auth.js";
import { ApiError } from "./errors.js";
import { changeOrder, listOrders, takeOrder } from "./orders.js";
import { body, orderBody, orderChanges } from "./validation.js";

const USUAL_LIMIT = 50;
const MOST_ROWS = 100;

function wholeParameter(query, name) {
  if (query[name] === undefined) return undefined;
  const value = Number(query[name]);
  if (!Number.isInteger(value) || value < 1 || value > 2147483647) {
    throw new ApiError(400, "invalid", `${name} is no whole number of at least 1.`);
  }
  return value;
}

function listQuery(query) {
  if (!["true", "false", undefined].includes(query.open)) throw new ApiError(400, "invalid", "open is true or false.");
  return {
    open: query.open === undefined ? undefined : query.open === "true",
    limit: Math.min(wholeParameter(query, "limit") ?? USUAL_LIMIT, MOST_ROWS),
    before: wholeParameter(query, "cursor"),
  };
}

const answer = (response, status, order) => response.status(status).set("ETag", `"${order.version}"`).json(order);

export function routes(screens) {
  const api = express.Router();
  api.use(authenticate);

  api.get("/orders", async (request, response) => {
    const query = listQuery(request.query);
    const { results, next } = await listOrders(request.staff, query);
    const address = new URLSearchParams({ ...request.query, cursor: String(next) });
    response.json({ next: next ? `${request.baseUrl}/orders?${address}` : null, previous: null, results });
  });

  api.post("/orders", allow("waiter", "cashier", "manager"), body(orderBody), async (request, response) => {
    const { order, event } = await takeOrder(request.staff, request.body);
    screens.tell(event);
    response.location(`/api/orders/${order.id}`);
    answer(response, 201, order);
  });

  api.patch("/orders/:id", allow("waiter", "manager"), body(orderChanges), async (request, response) => {
    const { order, event } = await changeOrder(
      request.staff,
      wholeParameter(request.params, "id"),
      request.body,
    );
    if (event) screens.tell(event);
    answer(response, 200, order);
  });

  return api;
}
