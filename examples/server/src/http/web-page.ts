import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { Hono } from "hono";
import { ConfigError } from "../config-error.js";
import { StaticContent } from "./static-content.js";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** Content security policy: only resources of this server, no inline code, and no strings that become markup or code. */
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
  // Name of the page's only Trusted Types policy, which creates the URL of its service worker.
  "trusted-types lacre",
].join("; ");

/** Folder of the files whose names contain a content hash. */
const HASHED = "/assets/";

/**
 * Serves the built web client. Reads all files at the start, so that no request can reach another file.
 *
 * @throws {ConfigError} if the folder has no index.html.
 */
export function webPageRoutes(folder: string): Hono {
  const routes = new Hono();
  for (const path of listFiles(folder)) {
    const address = path === "index.html" ? "/" : `/${path}`;
    const content = new StaticContent(new Uint8Array(readFileSync(join(folder, path))), {
      "Content-Type": TYPES[extname(path)] ?? "application/octet-stream",
      "Content-Security-Policy": POLICY,
      "Cache-Control": address.startsWith(HASHED)
        ? "public, max-age=31536000, immutable"
        : "no-cache",
    });
    routes.get(address, (context) => content.answer(context));
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
