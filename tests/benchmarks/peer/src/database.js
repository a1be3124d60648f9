// PostgreSQL, behind a pool of as many connections as Brigade's.

import knex from "knex";

import { config } from "./config.js";

export const db = knex({
  client: "pg",
  connection: config.databaseUrl,
  pool: { min: 2, max: config.poolSize },
});
