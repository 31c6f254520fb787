import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { HttpError } from "../errors.js";
import { compressed } from "../http/compressed.js";
import { healthCheck } from "../http/health.js";
import { openApiDocument } from "../http/openapi.js";
import { StaticContent } from "../http/static-content.js";
import { answer } from "../json.js";
import type { Services } from "../services.js";

/** Endpoints for operation: health, metrics, public keys and the OpenAPI document. */
export function operationRoutes(services: Services) {
  const { config, coordination, signingKeys, metrics } = services;
  const routes = new Hono();

  const checkHealth = healthCheck(services);
  routes.get("/health", async (context) => answer(context, await checkHealth()));

  routes.get("/metrics", compressed, async (context) => {
    const { metricsToken } = config;
    const given = context.req.header("authorization") ?? "";
    if (metricsToken !== undefined && !isEqual(given, `Bearer ${metricsToken}`)) {
      throw new HttpError(401, "ERR_NOT_AUTHENTICATED", "send METRICS_TOKEN as a bearer token");
    }
    metrics.redisUp.set(coordination.isUp ? 1 : 0);
    const text = await metrics.registry.metrics();
    return context.body(text, 200, { "content-type": metrics.registry.contentType });
  });

  routes.get("/.well-known/jwks.json", async (context) =>
    answer(context, await signingKeys.jwks()),
  );

  const document = new StaticContent(
    new TextEncoder().encode(JSON.stringify(openApiDocument(config.basePath))),
    { "Content-Type": "application/json", "Cache-Control": "no-cache" },
  );
  routes.get("/openapi.json", (context) => document.answer(context));

  return routes;
}

/** Compares two texts in a time that does not depend on their contents. */
function isEqual(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
