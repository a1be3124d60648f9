// Refusals, answered as RFC 9457 describes.

import { STATUS_CODES } from "node:http";

export class ApiError extends Error {
  constructor(status, code, detail, errors = []) {
    super(detail);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export const notFound = (detail, pointer) =>
  new ApiError(404, "not_found", detail, pointer ? [{ pointer, code: "not_found", detail }] : []);

// Express tells an error handler by its four parameters.
export function answerError(error, request, response, next) {
  const isOurs = error instanceof ApiError;
  // The body parser's own refusals carry a status and may be told.
  const status = isOurs ? error.status : error.expose ? error.status : 500;
  if (status === 500) console.error(error);
  response
    .status(status)
    .type("application/problem+json")
    .send(
      JSON.stringify({
        type: "about:blank",
        title: STATUS_CODES[status],
        status,
        detail: status === 500 ? "Something went wrong here." : error.message,
        code: isOurs ? error.code : status === 500 ? "internal" : "malformed",
        errors: isOurs ? error.errors : [],
      }),
    );
}
