import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Context, Hono } from "hono";
import { getAbsoluteFSPath } from "swagger-ui-dist";

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

/** Nothing from elsewhere, and nothing that stands in the page itself. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Swagger UI, from its package. */
export function docsRoutes() {
  const routes = new Hono();
  routes.get("/", (context) => {
    context.header("Content-Security-Policy", POLICY);
    return context.html(PAGE);
  });
  routes.get("/start.js", (context) => give(context, "start.js", START));
  for (const file of FILES) {
    routes.get(`/${file}`, async (context) => {
      const bytes = await readFile(join(getAbsoluteFSPath(), file));
      return give(context, file, new Uint8Array(bytes));
    });
  }
  return routes;
}

function give(context: Context, file: string, content: string | Uint8Array<ArrayBuffer>): Response {
  const type = TYPES[file.split(".").at(-1) as keyof typeof TYPES];
  context.header("Cache-Control", "public, max-age=3600");
  return context.body(content, 200, { "content-type": type });
}
