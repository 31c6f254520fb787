import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Hono } from "hono";
import { getAbsoluteFSPath } from "swagger-ui-dist";
import { StaticContent } from "./static-content.js";

const TYPES = { css: "text/css", js: "text/javascript", png: "image/png" } as const;
const FILES = ["swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"];

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lacre reference server</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="docs/favicon-32x32.png">
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</html>
`;
const START = `SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null });\n`;

/** Content security policy: only resources of this server, and no inline code. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Serves Swagger UI from its package. */
export function docsRoutes() {
  const routes = new Hono();
  const page = new StaticContent(encoder.encode(PAGE), {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
  });
  routes.get("/", (context) => page.answer(context));
  const start = contentOf("start.js", encoder.encode(START));
  routes.get("/start.js", (context) => start.answer(context));
  for (const file of FILES) {
    // Read on the first request: one file is larger than 1 MB.
    let content: Promise<StaticContent> | undefined;
    routes.get(`/${file}`, async (context) => {
      content ??= readFile(join(getAbsoluteFSPath(), file)).then((bytes) =>
        contentOf(file, new Uint8Array(bytes)),
      );
      return (await content).answer(context);
    });
  }
  return routes;
}

const encoder = new TextEncoder();

function contentOf(file: string, bytes: Uint8Array<ArrayBuffer>): StaticContent {
  const type = TYPES[file.split(".").at(-1) as keyof typeof TYPES];
  return new StaticContent(bytes, {
    "Content-Type": type,
    "Cache-Control": "public, max-age=3600",
  });
}
