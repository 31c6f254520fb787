import type { MiddlewareHandler } from "hono";
import { Refusal } from "../errors.js";

export const malformedAddress = new Refusal(
  400,
  "ERR_MALFORMED_ADDRESS",
  "host and address make no URL, or the percent-encoding is no UTF-8",
);

/** Refuses addresses that routes and queries would each read in their own way. */
export const wellFormedAddress: MiddlewareHandler = async ({ req }, next) => {
  try {
    decodeURIComponent(req.url);
  } catch {
    throw malformedAddress;
  }
  await next();
};
