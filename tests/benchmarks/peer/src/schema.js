// The tables, with the indexes that the queries of routes.js use.

const MONEY = [10, 2];
const RATE = [6, 4];

function people(schema) {
  return schema
    .createTable("restaurants", (table) => {
      table.increments("id");
      table.text("slug").notNullable().unique();
      table.text("name").notNullable();
      table.string("currency", 3).notNullable();
      table.text("timezone").notNullable();
      table.time("day_starts_at").notNullable();
      table.text("order_prefix").notNullable();
      table.decimal("tax_rate", ...RATE).notNullable();
      table.boolean("prices_include_tax").notNullable();
      table.decimal("service_rate", ...RATE).notNullable();
    })
    .createTable("users", (table) => {
      table.increments("id");
      table.text("username").notNullable().unique();
      table.text("name").notNullable();
      table.boolean("is_active").notNullable().defaultTo(true);
    })
    .createTable("memberships", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.integer("user_id").notNullable().references("users.id");
      table.text("role").notNullable();
      table.boolean("is_active").notNullable().defaultTo(true);
      table.unique(["user_id", "restaurant_id"]);
    })
    .createTable("tables", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.text("name").notNullable();
    });
}

function menu(schema) {
  return schema
    .createTable("categories", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.text("name").notNullable();
    })
    .createTable("menu_items", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id").index();
      table.integer("category_id").notNullable().references("categories.id");
      table.text("name").notNullable();
      table.decimal("price", ...MONEY).notNullable();
      table.decimal("tax_rate", ...RATE);
      table.specificType("allergens", "text[]").notNullable().defaultTo("{}");
      table.boolean("is_available").notNullable().defaultTo(true);
      table.integer("stock").checkBetween([0, 1_000_000]);
    })
    .createTable("modifier_groups", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.text("name").notNullable();
      table.integer("min").notNullable();
      table.integer("max").notNullable();
    })
    .createTable("modifiers", (table) => {
      table.increments("id");
      table.integer("group_id").notNullable().references("modifier_groups.id").index();
      table.text("name").notNullable();
      table.decimal("price", ...MONEY).notNullable();
      table.boolean("is_available").notNullable().defaultTo(true);
    })
    .createTable("menu_item_groups", (table) => {
      table.integer("menu_item_id").notNullable().references("menu_items.id");
      table.integer("group_id").notNullable().references("modifier_groups.id");
      table.primary(["menu_item_id", "group_id"]);
    });
}

function orders(schema) {
  return schema
    .createTable("order_counters", (table) => {
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.date("business_date").notNullable();
      table.integer("last").notNullable();
      table.primary(["restaurant_id", "business_date"]);
    })
    .createTable("orders", (table) => {
      table.increments("id");
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.text("order_number").notNullable();
      table.date("business_date").notNullable();
      table.text("channel").notNullable();
      table.text("status").notNullable();
      table.text("priority").notNullable();
      table.integer("table_id").references("tables.id");
      table.text("table_name");
      table.integer("customer_id");
      table.text("customer_name");
      table.integer("waiter_id").references("users.id");
      table.text("waiter_name");
      table.text("notes").notNullable();
      table.string("currency", 3).notNullable();
      table.decimal("total_amount", ...MONEY).notNullable();
      table.decimal("discount_amount", ...MONEY).notNullable();
      table.decimal("service_amount", ...MONEY).notNullable();
      table.decimal("tax_amount", ...MONEY).notNullable();
      table.decimal("final_amount", ...MONEY).notNullable();
      table.decimal("paid_amount", ...MONEY).notNullable();
      table.text("payment_status").notNullable();
      table.text("cancel_reason");
      table.timestamp("estimated_ready_at");
      table.integer("version").notNullable();
      for (const moment of ["created_at", "updated_at"]) table.timestamp(moment).notNullable();
      for (const moment of ["confirmed_at", "ready_at", "served_at", "completed_at", "cancelled_at"]) {
        table.timestamp(moment);
      }
      table.unique(["restaurant_id", "business_date", "order_number"]);
    })
    .raw(
      `CREATE INDEX orders_open ON orders (restaurant_id, id DESC)
       WHERE status NOT IN ('completed', 'cancelled')`,
    )
    .createTable("order_items", (table) => {
      table.increments("id");
      table.integer("order_id").notNullable().references("orders.id").index();
      table.integer("menu_item_id").notNullable().references("menu_items.id");
      table.text("name").notNullable();
      table.text("category_name").notNullable();
      table.specificType("allergens", "text[]").notNullable();
      table.integer("quantity").notNullable();
      table.decimal("unit_price", ...MONEY).notNullable();
      table.decimal("tax_rate", ...RATE).notNullable();
      table.decimal("line_total", ...MONEY).notNullable();
      table.text("special_instructions").notNullable();
      table.text("status").notNullable();
      table.integer("course").notNullable();
    })
    .createTable("order_item_modifiers", (table) => {
      table.increments("id");
      table.integer("item_id").notNullable().references("order_items.id").index();
      table.integer("modifier_id").notNullable().references("modifiers.id");
      table.text("name").notNullable();
      table.decimal("price", ...MONEY).notNullable();
    });
}

function outbox(schema) {
  return schema
    .createTable("streams", (table) => {
      table.integer("restaurant_id").primary().references("restaurants.id");
      table.bigInteger("head").notNullable().defaultTo(0);
    })
    .createTable("events", (table) => {
      table.integer("restaurant_id").notNullable().references("restaurants.id");
      table.bigInteger("seq").notNullable();
      table.text("type").notNullable();
      table.specificType("rooms", "text[]").notNullable();
      table.text("data").notNullable();
      table.timestamp("created_at").notNullable().defaultTo("now()");
      table.primary(["restaurant_id", "seq"]);
    });
}

export async function createTables(db) {
  await people(db.schema);
  await menu(db.schema);
  await orders(db.schema);
  await outbox(db.schema);
}
