// Who calls: a token names a user and a restaurant; whether that user still works there, the database says each time.

import { createSecretKey } from "node:crypto";

import jwt from "jsonwebtoken";

import { config } from "./config.js";
import { db } from "./database.js";
import { ApiError } from "./errors.js";

// Made once: from a string, the library would try at each token whether it is a public key.
const key = createSecretKey(config.jwtSecret, "utf8");

const unauthenticated = () => new ApiError(401, "unauthenticated", "A valid access token is needed.");

export async function staffOf(token) {
  let claims;
  try {
    claims = jwt.verify(token, key, { algorithms: ["HS256"] });
  } catch {
    throw unauthenticated();
  }
  const staff = await db("memberships as m")
    .join("users as u", "u.id", "m.user_id")
    .join("restaurants as r", "r.id", "m.restaurant_id")
    .where({
      "m.user_id": Number(claims.sub),
      "m.restaurant_id": claims.restaurant,
      "m.is_active": true,
      "u.is_active": true,
    })
    .first(
      "u.id as user_id",
      "u.name",
      "m.role",
      "r.id as restaurant_id",
      "r.currency",
      "r.timezone",
      "r.day_starts_at",
      "r.order_prefix",
      "r.tax_rate",
      "r.prices_include_tax",
      "r.service_rate",
    );
  if (!staff) throw unauthenticated();
  return staff;
}

export async function authenticate(request, response, next) {
  const [scheme, token] = (request.get("authorization") ?? "").split(" ");
  if (scheme !== "Bearer" || !token) throw unauthenticated();
  request.staff = await staffOf(token);
  next();
}

export const allow =
  (...roles) =>
  (request, response, next) => {
    if (request.staff.role !== "owner" && !roles.includes(request.staff.role)) {
      throw new ApiError(403, "forbidden", `This takes one of: ${roles.join(", ")}.`);
    }
    next();
  };
