import type { Context } from "hono";
import { HttpError } from "../errors.js";
import type { Services } from "../services.js";

/**
 * Rejects WebSockets and tickets for pages of origins that are not allowed, because browsers do not apply CORS to WebSockets.
 * Other programs send no Origin header. Browsers do not tell a page why its WebSocket failed; the rejection of the ticket
 * does.
 *
 * @throws {HttpError} if the origin is not allowed.
 */
export function assertAllowedOrigin(
  context: Context,
  { config, log }: Pick<Services, "config" | "log">,
): void {
  const [origin, host] = [context.req.header("origin"), context.req.header("host")];
  if (origin === undefined || config.corsOrigins.includes(origin)) return;
  if (URL.canParse(origin) && new URL(origin).host === host) return;
  log.warn(
    { request_id: context.get("request_id"), origin, host },
    "WebSocket rejected for its Origin, which is neither that of the Host header nor in CORS_ORIGINS: " +
      "add the origin to CORS_ORIGINS, or let the proxy forward the Host header",
  );
  throw new HttpError(
    403,
    "ERR_ORIGIN",
    "pages of this origin may not connect: add it to CORS_ORIGINS, or let the proxy forward the Host header",
  );
}
