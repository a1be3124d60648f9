// Orders: taken, listed, changed. What is told to the screens is told after COMMIT, by the caller.

import { db } from "./database.js";
import { drawUpLines } from "./dishes.js";
import { ApiError, notFound } from "./errors.js";
import { amount, bill, whole } from "./money.js";
import { announce } from "./outbox.js";

const CLOSED = ["completed", "cancelled"];

const at = (moment) => (moment ? moment.toISOString() : null);

export function orderShape(order, items) {
  return {
    id: order.id,
    order_number: order.order_number,
    channel: order.channel,
    status: order.status,
    priority: order.priority,
    table_id: order.table_id,
    table_name: order.table_name,
    customer_id: order.customer_id,
    customer_name: order.customer_name,
    waiter_id: order.waiter_id,
    waiter_name: order.waiter_name,
    notes: order.notes,
    items: items.map((item) => ({
      id: item.id,
      menu_item: {
        id: item.menu_item_id,
        name: item.name,
        category: item.category_name,
        allergens: item.allergens,
      },
      quantity: item.quantity,
      unit_price: item.unit_price,
      modifiers: item.modifiers.map(({ modifier_id, name, price }) => ({ id: modifier_id, name, price })),
      line_total: item.line_total,
      special_instructions: item.special_instructions,
      status: item.status,
      course: item.course,
    })),
    items_count: items.reduce((count, item) => count + (item.status === "cancelled" ? 0 : item.quantity), 0),
    subtotal: order.total_amount,
    discount_amount: order.discount_amount,
    service_amount: order.service_amount,
    tax_amount: order.tax_amount,
    total_amount: order.total_amount,
    final_amount: order.final_amount,
    paid_amount: order.paid_amount,
    payment_status: order.payment_status,
    currency: order.currency,
    cancel_reason: order.cancel_reason,
    pending_cancellation: null,
    estimated_ready_at: at(order.estimated_ready_at),
    version: order.version,
    created_at: at(order.created_at),
    updated_at: at(order.updated_at),
    confirmed_at: at(order.confirmed_at),
    ready_at: at(order.ready_at),
    served_at: at(order.served_at),
    completed_at: at(order.completed_at),
    cancelled_at: at(order.cancelled_at),
    allergies: [],
    external_id: null,
    business_date: order.business_date,
  };
}

async function nextNumber(trx, staff) {
  const { rows } = await trx.raw(
    `INSERT INTO order_counters AS c (restaurant_id, business_date, last)
     VALUES (?, ((now() AT TIME ZONE ?) - ?::interval)::date, 1)
     ON CONFLICT (restaurant_id, business_date) DO UPDATE SET last = c.last + 1
     RETURNING last, business_date::text`,
    [staff.restaurant_id, staff.timezone, staff.day_starts_at],
  );
  return {
    business_date: rows[0].business_date,
    order_number: `${staff.order_prefix}-${String(rows[0].last).padStart(3, "0")}`,
  };
}

async function findTable(trx, staff, asked) {
  if (!asked.table_id) return null;
  if (asked.channel !== "dine_in") {
    const detail = "Only a dine_in order has a table.";
    throw new ApiError(400, "invalid", detail, [{ pointer: "/table_id", code: "channel", detail }]);
  }
  const table = await trx("tables").where({ id: asked.table_id, restaurant_id: staff.restaurant_id }).first();
  if (!table) throw notFound("There is no such table.", "/table_id");
  return table;
}

async function insertItems(trx, orderId, lines) {
  const ids = await trx("order_items")
    .insert(lines.map((line) => ({ order_id: orderId, ...line.row })))
    .returning("id");
  const modifiers = lines.flatMap((line, index) =>
    line.modifiers.map((modifier) => ({ item_id: ids[index].id, ...modifier })),
  );
  if (modifiers.length) await trx("order_item_modifiers").insert(modifiers);
  return lines.map((line, index) => ({ id: ids[index].id, ...line.row, modifiers: line.modifiers }));
}

export function takeOrder(staff, asked) {
  return db.transaction(async (trx) => {
    const table = await findTable(trx, staff, asked);
    const lines = await drawUpLines(trx, staff, asked.items);
    const sums = bill(lines, {
      serviceRate: whole(staff.service_rate),
      pricesIncludeTax: staff.prices_include_tax,
    });
    const now = new Date();
    const isWaiter = staff.role === "waiter";
    // As late as can be: whoever takes the next order here waits for this one's commit.
    const numbered = await nextNumber(trx, staff);
    const row = {
      restaurant_id: staff.restaurant_id,
      ...numbered,
      channel: asked.channel,
      status: "pending",
      priority: asked.priority ?? "normal",
      table_id: table?.id ?? null,
      table_name: table?.name ?? null,
      customer_id: null,
      customer_name: null,
      waiter_id: isWaiter ? staff.user_id : null,
      waiter_name: isWaiter ? staff.name : null,
      notes: asked.notes ?? "",
      currency: staff.currency,
      total_amount: amount(sums.total),
      discount_amount: "0.00",
      service_amount: amount(sums.service),
      tax_amount: amount(sums.tax),
      final_amount: amount(sums.final),
      paid_amount: "0.00",
      payment_status: "unpaid",
      cancel_reason: null,
      version: 1,
      created_at: now,
      updated_at: now,
    };
    const [{ id }] = await trx("orders").insert(row).returning("id");
    const order = orderShape({ id, ...row }, await insertItems(trx, id, lines));
    return { order, event: await announce(trx, staff.restaurant_id, "order:created", { order }) };
  });
}

async function itemsOf(trx, orderIds) {
  const items = await trx("order_items").whereIn("order_id", orderIds).orderBy("id");
  const modifiers = items.length
    ? await trx("order_item_modifiers").whereIn("item_id", items.map((item) => item.id)).orderBy("id")
    : [];
  const byItem = groupBy(modifiers, "item_id");
  return groupBy(
    items.map((item) => ({ ...item, modifiers: byItem.get(item.id) ?? [] })),
    "order_id",
  );
}

function groupBy(rows, column) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[column])) groups.set(row[column], []);
    groups.get(row[column]).push(row);
  }
  return groups;
}

const columns = [
  ..."id order_number channel status priority table_id table_name customer_id customer_name".split(" "),
  ..."waiter_id waiter_name notes currency total_amount discount_amount service_amount tax_amount".split(" "),
  ..."final_amount paid_amount payment_status cancel_reason estimated_ready_at version created_at".split(" "),
  ..."updated_at confirmed_at ready_at served_at completed_at cancelled_at".split(" "),
  db.raw("business_date::text"),
];

export async function listOrders(staff, { open, limit, before }) {
  const query = db("orders").where("restaurant_id", staff.restaurant_id).orderBy("id", "desc").limit(limit + 1);
  if (open === true) query.whereRaw("status NOT IN ('completed', 'cancelled')");
  if (open === false) query.whereIn("status", CLOSED);
  if (before) query.where("id", "<", before);
  const found = await query.select(columns);
  const page = found.slice(0, limit);
  const items = page.length ? await itemsOf(db, page.map((order) => order.id)) : new Map();
  return {
    results: page.map((order) => orderShape(order, items.get(order.id) ?? [])),
    next: found.length > limit ? page.at(-1).id : null,
  };
}

export function changeOrder(staff, orderId, changes) {
  return db.transaction(async (trx) => {
    const found = await trx("orders")
      .where({ id: orderId, restaurant_id: staff.restaurant_id })
      .forUpdate()
      .first(columns);
    if (!found) throw notFound("There is no such order.");
    if (CLOSED.includes(found.status)) throw new ApiError(409, "not_editable", `The order is ${found.status}.`);
    const items = (await itemsOf(trx, [orderId])).get(orderId) ?? [];
    const changed = Object.keys(changes).filter((name) => changes[name] !== found[name]);
    if (!changed.length) return { order: orderShape(found, items), event: null };
    const written = { ...changes, version: found.version + 1, updated_at: new Date() };
    await trx("orders").where({ id: orderId }).update(written);
    const order = orderShape({ ...found, ...written }, items);
    const data = { order, changed_fields: changed };
    return { order, event: await announce(trx, staff.restaurant_id, "order:updated", data) };
  });
}
