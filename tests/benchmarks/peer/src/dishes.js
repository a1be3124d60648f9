// From what was asked for to the lines of an order, at the menu's prices of this moment.

import { ApiError, notFound } from "./errors.js";
import { amount, whole } from "./money.js";

async function findDishes(trx, restaurantId, ids) {
  const rows = await trx("menu_items as d")
    .join("categories as c", "c.id", "d.category_id")
    .where("d.restaurant_id", restaurantId)
    .whereIn("d.id", ids)
    .select("d.id", "d.name", "d.price", "d.tax_rate", "d.allergens", "d.is_available", "d.stock")
    .select("c.name as category_name");
  return new Map(rows.map((row) => [row.id, { ...row, groups: new Map() }]));
}

async function findChoices(trx, dishes) {
  const rows = await trx("menu_item_groups as x")
    .join("modifier_groups as g", "g.id", "x.group_id")
    .join("modifiers as m", "m.group_id", "g.id")
    .whereIn("x.menu_item_id", [...dishes.keys()])
    .orderBy("m.id")
    .select("x.menu_item_id", "g.id as group_id", "g.name as group_name", "g.min", "g.max")
    .select("m.id", "m.name", "m.price", "m.is_available");
  for (const row of rows) {
    const { groups } = dishes.get(row.menu_item_id);
    if (!groups.has(row.group_id)) groups.set(row.group_id, { ...row, modifiers: [] });
    groups.get(row.group_id).modifiers.push(row);
  }
}

function choose(dish, wanted, pointer) {
  const chosen = [];
  for (const group of dish.groups.values()) {
    const picked = group.modifiers.filter((modifier) => wanted.includes(modifier.id));
    if (picked.length < group.min || picked.length > group.max) {
      const detail = `${dish.name}: ${group.group_name} takes ${group.min} to ${group.max}, not ${picked.length}.`;
      throw new ApiError(400, "invalid", detail, [{ pointer, code: "choices", detail }]);
    }
    chosen.push(...picked);
  }
  if (chosen.length !== wanted.length) throw notFound(`${dish.name} has no such modifier.`, pointer);
  const gone = chosen.find((modifier) => !modifier.is_available);
  if (gone) throw new ApiError(409, "unavailable", `${gone.name} is not available.`, [{ pointer, code: "unavailable" }]);
  return chosen;
}

async function takeStock(trx, asked, dishes) {
  const wanted = new Map();
  for (const item of asked) {
    if (dishes.get(item.menu_item_id).stock === null) continue;
    wanted.set(item.menu_item_id, (wanted.get(item.menu_item_id) ?? 0) + item.quantity);
  }
  // Always in the same order, so that two orders never wait for each other.
  for (const [id, quantity] of [...wanted].sort(([a], [b]) => a - b)) {
    const taken = await trx("menu_items").where({ id }).where("stock", ">=", quantity).decrement("stock", quantity);
    if (!taken) throw new ApiError(409, "out_of_stock", `Not enough of ${dishes.get(id).name} is left.`);
  }
}

function lineOf(item, dish, modifiers, staff) {
  const each = modifiers.reduce((sum, modifier) => sum + whole(modifier.price), whole(dish.price));
  const total = item.quantity * each;
  const taxRate = dish.tax_rate ?? staff.tax_rate;
  return {
    total,
    taxRate: whole(taxRate),
    modifiers: modifiers.map(({ id, name, price }) => ({ modifier_id: id, name, price })),
    row: {
      menu_item_id: dish.id,
      name: dish.name,
      category_name: dish.category_name,
      allergens: dish.allergens,
      quantity: item.quantity,
      unit_price: dish.price,
      tax_rate: taxRate,
      line_total: amount(total),
      special_instructions: item.special_instructions ?? "",
      status: "pending",
      course: item.course ?? 1,
    },
  };
}

export async function drawUpLines(trx, staff, asked) {
  const ids = [...new Set(asked.map((item) => item.menu_item_id))];
  const dishes = await findDishes(trx, staff.restaurant_id, ids);
  asked.forEach((item, index) => {
    const dish = dishes.get(item.menu_item_id);
    const pointer = `/items/${index}/menu_item_id`;
    if (!dish) throw notFound("There is no such menu item.", pointer);
    if (!dish.is_available) {
      const detail = `${dish.name} is not available.`;
      throw new ApiError(409, "unavailable", detail, [{ pointer, code: "unavailable", detail }]);
    }
  });
  await findChoices(trx, dishes);
  const lines = asked.map((item, index) => {
    const dish = dishes.get(item.menu_item_id);
    const modifiers = choose(dish, item.modifier_ids ?? [], `/items/${index}/modifier_ids`);
    return lineOf(item, dish, modifiers, staff);
  });
  await takeStock(trx, asked, dishes);
  return lines;
}
