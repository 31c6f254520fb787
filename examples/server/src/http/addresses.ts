import type { IncomingMessage } from "node:http";
import type { MiddlewareHandler } from "hono";
import { HttpError } from "../errors.js";

export const malformedAddress = new HttpError(
  400,
  "ERR_MALFORMED_ADDRESS",
  "invalid URL: check the Host header, the path, and that its percent-encoding is UTF-8",
);
const manyHosts = new HttpError(
  400,
  "ERR_MALFORMED_REQUEST",
  "the request has several Host headers: send one",
);

/** Rejects malformed URLs, which the router and the query parser could interpret differently. */
export const wellFormedAddress: MiddlewareHandler = async ({ req, env }, next) => {
  if (countHosts(env.incoming) > 1) throw manyHosts;
  try {
    decodeURIComponent(req.url);
  } catch {
    throw malformedAddress;
  }
  await next();
};

/**
 * Counts the Host headers. More than one is an error (RFC 9112, section 3.2): Node uses the first, and a proxy may have used
 * the last.
 */
function countHosts({ rawHeaders }: IncomingMessage): number {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  return names.filter((name) => name.toLowerCase() === "host").length;
}
