import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { Hono } from "hono";
import { ConfigError } from "../config-error.js";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** Nothing from elsewhere, nothing that stands in the page itself, and no text that becomes markup or code. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  // The page's one, which makes the address of its service worker.
  "trusted-types lacre",
].join("; ");

/** What the build names after its content. */
const HASHED = "/assets/";

/**
 * The built web client. Its files are few and are read once, at the start, so that no address reaches any other file.
 * Throws a ConfigError where the folder has no page.
 */
export function webPageRoutes(folder: string): Hono {
  const routes = new Hono();
  for (const path of listFiles(folder)) {
    const bytes = new Uint8Array(readFileSync(join(folder, path)));
    const address = path === "index.html" ? "/" : `/${path}`;
    const etag = `"${createHash("sha256").update(bytes).digest("base64url")}"`;
    const headers = {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      "Content-Security-Policy": POLICY,
      "Cache-Control": address.startsWith(HASHED)
        ? "public, max-age=31536000, immutable"
        : "no-cache",
      ETag: etag,
    };
    routes.get(address, (context) => {
      for (const [name, value] of Object.entries(headers)) context.header(name, value);
      const isKnown = context.req.header("if-none-match") === etag;
      return isKnown ? context.body(null, 304) : context.body(bytes);
    });
  }
  return routes;
}

function listFiles(folder: string): string[] {
  const files = readFolder(folder).map((path) => path.replaceAll("\\", "/"));
  if (files.includes("index.html")) return files.filter((path) => extname(path) !== "");
  throw new ConfigError(
    `WEB_ROOT is "${folder}", which has no index.html: build the page with "npm run build -w examples/web", or leave it out`,
  );
}

function readFolder(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}
