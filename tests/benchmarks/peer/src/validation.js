// What may be sent: schemas compiled once, and refusals that point at each wrong field.

import { Ajv } from "ajv";

import { ApiError } from "./errors.js";

const ajv = new Ajv({ allErrors: true });
const id = { type: "integer", minimum: 1, maximum: 2147483647 };

export const orderBody = ajv.compile({
  type: "object",
  additionalProperties: false,
  required: ["channel", "items"],
  properties: {
    channel: { enum: ["dine_in", "takeaway", "delivery", "online"] },
    table_id: { ...id, nullable: true },
    priority: { enum: ["normal", "express", "vip"] },
    notes: { type: "string", maxLength: 1000 },
    items: {
      type: "array",
      minItems: 1,
      maxItems: 100,
      items: {
        type: "object",
        additionalProperties: false,
        required: ["menu_item_id", "quantity"],
        properties: {
          menu_item_id: id,
          quantity: { type: "integer", minimum: 1, maximum: 99 },
          modifier_ids: { type: "array", items: id, maxItems: 100, uniqueItems: true },
          special_instructions: { type: "string", maxLength: 500 },
          course: { type: "integer", minimum: 1, maximum: 20 },
        },
      },
    },
  },
});

export const orderChanges = ajv.compile({
  type: "object",
  additionalProperties: false,
  minProperties: 1,
  properties: {
    priority: { enum: ["normal", "express", "vip"] },
    notes: { type: "string", maxLength: 1000 },
  },
});

function pointerOf({ instancePath, keyword, params }) {
  if (keyword === "required") return `${instancePath}/${params.missingProperty}`;
  if (keyword === "additionalProperties") return `${instancePath}/${params.additionalProperty}`;
  return instancePath;
}

export const body = (schema) => (request, response, next) => {
  if (!schema(request.body ?? {})) {
    const errors = schema.errors.map((error) => ({
      pointer: pointerOf(error),
      code: error.keyword,
      detail: error.message,
    }));
    throw new ApiError(400, "invalid", "The body is not valid.", errors);
  }
  next();
};
