import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { Refusal } from "../errors.js";
import { openApiDocument } from "../http/openapi.js";
import { answer } from "../json.js";
import type { Services } from "../services.js";

/** What operators and machines ask for. */
export function operationRoutes({ config, store, signingKeys, metrics, log }: Services) {
  const routes = new Hono();

  routes.get("/health", async (context) => {
    try {
      await store.ping();
      return answer(context, { status: "ok", database: "ok" });
    } catch (error) {
      log.error({ err: error }, "the database does not answer");
      return answer(context, { status: "unavailable", database: "unavailable" }, 503);
    }
  });

  routes.get("/metrics", async (context) => {
    const given = Buffer.from(context.req.header("authorization") ?? "");
    const needed = Buffer.from(`Bearer ${config.metricsToken ?? ""}`);
    const isRight = given.length === needed.length && timingSafeEqual(given, needed);
    if (config.metricsToken !== undefined && !isRight) {
      throw new Refusal(401, "ERR_NOT_AUTHENTICATED", "give METRICS_TOKEN as a bearer token");
    }
    const text = await metrics.registry.metrics();
    return context.body(text, 200, { "content-type": metrics.registry.contentType });
  });

  routes.get("/.well-known/jwks.json", async (context) =>
    answer(context, await signingKeys.jwks()),
  );

  const document = openApiDocument();
  routes.get("/openapi.json", (context) => answer(context, document));

  return routes;
}
