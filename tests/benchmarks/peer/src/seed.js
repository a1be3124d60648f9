// Makes the tables and one restaurant in an empty database; prints, as JSON, who may send what.

import jwt from "jsonwebtoken";

import { config } from "./config.js";
import { db } from "./database.js";
import { createTables } from "./schema.js";

const WAITERS = 50;
const TABLES = 20;
const TOKEN_LIFE = "24h";

// [name, price, allergens]
const MENU = {
  Starters: [
    ["Tomato and basil crostini", "7.50", ["Gluten"]],
    ["Beef tartare", "14.50", ["Eggs", "Mustard"]],
    ["Chilled cucumber soup", "6.80", ["Milk", "Celery"]],
    ["Whipped feta", "8.90", ["Milk", "Gluten"]],
    ["Fried squid", "11.20", ["Gluten", "Molluscs", "Eggs"]],
  ],
  "Salads and bowls": [
    ["Romaine salad", "11.50", ["Gluten", "Eggs", "Fish", "Milk"]],
    ["Lentil bowl", "12.80", ["Sesame", "Celery"]],
    ["Salmon poke", "16.20", ["Fish", "Soya", "Sesame"]],
  ],
  Mains: [
    ["Roast chicken", "18.90", ["Celery"]],
    ["Pork shoulder", "19.50", ["Mustard", "Celery"]],
    ["Mushroom risotto", "16.40", ["Milk", "Celery"]],
    ["Sea bream", "24.80", ["Fish"]],
    ["Potato gnocchi", "15.70", ["Gluten", "Eggs", "Milk"]],
    ["Lamb stew", "21.30", ["Celery"]],
  ],
  Desserts: [
    ["Chocolate mousse", "7.90", ["Milk", "Eggs"]],
    ["Lemon tart", "7.40", ["Gluten", "Milk", "Eggs"]],
    ["Sorbet", "5.60", []],
  ],
  Drinks: [
    ["Sparkling water", "4.20", []],
    ["Elderflower spritz", "8.50", ["Sulphites"]],
    ["House lemonade", "5.10", []],
  ],
};

const SAUCES = ["Pepper sauce", "Herb butter", "Aioli"];

async function openRestaurant() {
  const [{ id }] = await db("restaurants")
    .insert({
      slug: "demo",
      name: "Ember & Salt",
      currency: "EUR",
      timezone: "Europe/Berlin",
      day_starts_at: "04:00",
      order_prefix: "T1",
      tax_rate: "0.07",
      prices_include_tax: true,
      service_rate: "0",
    })
    .returning("id");
  await db("streams").insert({ restaurant_id: id });
  return id;
}

async function writeMenu(restaurantId) {
  const [group] = await db("modifier_groups")
    .insert({ restaurant_id: restaurantId, name: "Sauce", min: 0, max: 2 })
    .returning("id");
  await db("modifiers").insert(SAUCES.map((name) => ({ group_id: group.id, name, price: "1.00" })));
  const dishes = [];
  for (const [name, items] of Object.entries(MENU)) {
    const [category] = await db("categories").insert({ restaurant_id: restaurantId, name }).returning("id");
    const rows = items.map(([dish, price, allergens]) => ({
      restaurant_id: restaurantId,
      category_id: category.id,
      name: dish,
      price,
      allergens: [...allergens].sort(),
    }));
    const made = await db("menu_items").insert(rows).returning("id");
    await db("menu_item_groups").insert(made.map((dish) => ({ menu_item_id: dish.id, group_id: group.id })));
    dishes.push(...made.map((dish) => dish.id));
  }
  return dishes;
}

async function hire(restaurantId, role, count) {
  const names = Array.from({ length: count }, (_, number) => `${role} ${number}`);
  const users = await db("users").insert(names.map((name) => ({ username: name, name }))).returning("id");
  await db("memberships").insert(users.map((user) => ({ restaurant_id: restaurantId, user_id: user.id, role })));
  return users.map((user) =>
    jwt.sign({ restaurant: restaurantId }, config.jwtSecret, { subject: String(user.id), expiresIn: TOKEN_LIFE }),
  );
}

await createTables(db);
const restaurantId = await openRestaurant();
const tables = await db("tables")
  .insert(Array.from({ length: TABLES }, (_, number) => ({ restaurant_id: restaurantId, name: `M${number + 1}` })))
  .returning("id");
const said = {
  dishes: await writeMenu(restaurantId),
  tables: tables.map((table) => table.id),
  waiters: await hire(restaurantId, "waiter", WAITERS),
  chefs: await hire(restaurantId, "kitchen", 1),
};
await db.destroy();
process.stdout.write(JSON.stringify(said));
