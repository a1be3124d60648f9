// Serves the API and the screens on one port, with one process.

import { createServer } from "node:http";

import express from "express";

import { config } from "./config.js";
import { db } from "./database.js";
import { ApiError, answerError } from "./errors.js";
import { routes } from "./routes.js";
import { Screens } from "./screens.js";

const GRACE_MILLISECONDS = 3_000;

const app = express();
app.disable("x-powered-by");
// An order's ETag is its version; hashing every answer would be work for nothing.
app.disable("etag");
app.use(express.json({ limit: "1mb" }));

const server = createServer(app);
server.keepAliveTimeout = 75_000;
const screens = new Screens(server);

app.use("/api", routes(screens));
app.use(() => {
  throw new ApiError(404, "not_found", "There is nothing here.");
});
app.use(answerError);

async function stop() {
  // A screen that does not answer the close must not keep us.
  setTimeout(() => process.exit(0), GRACE_MILLISECONDS).unref();
  const closed = screens.close();
  // Callers that keep a connection for their next request would hold the server up.
  server.closeAllConnections();
  await closed;
  await db.destroy();
  process.exit(0);
}

process.on("SIGTERM", stop);
process.on("SIGINT", stop);

// A first query, so that who calls first does not wait for the pool.
await db.raw("SELECT 1");
server.listen(config.port, "127.0.0.1", 4096);
