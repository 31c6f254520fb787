import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { operations } from "lacre-api";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { createApp } from "../../src/app.js";
import { openApiDocument } from "../../src/http/openapi.js";
import type { Services } from "../../src/services.js";
import { TestServer } from "../support.js";

const file = fileURLToPath(new URL("../../openapi.yaml", import.meta.url));
const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

describe("openapi.yaml", () => {
  it("is up to date (npm run openapi -w examples/server)", () => {
    expect(parse(readFileSync(file, "utf8"))).toEqual(
      JSON.parse(JSON.stringify(openApiDocument())),
    );
  });

  it("is served as /openapi.json", async () => {
    const { body } = await server.request("GET", "/openapi.json");
    expect(body).toEqual(parse(readFileSync(file, "utf8")));
  });

  it("passes redocly lint", async () => {
    const cli = createRequire(import.meta.url).resolve("@redocly/cli/bin/cli.js");
    const run = promisify(execFile)(process.execPath, [cli, "lint", file, "--format", "json"], {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
    });
    const { stdout } = await run;
    expect(JSON.parse(stdout).totals).toMatchObject({ errors: 0, warnings: 0 });
  });

  it("describes exactly the routes of the server", () => {
    const services = { config: { corsOrigins: [], basePath: "" } } as unknown as Services;
    const routes = createApp(services)
      .routes.filter(({ method, path }) => method !== "ALL" && !path.startsWith("/docs/"))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
    const described = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect([...new Set(routes)].sort()).toEqual([...described].sort());
  });
});

describe("/docs", () => {
  it("loads its own files only, and forbids others with its policy", async () => {
    const page = await server.fetch("/docs");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\/|<style|<script>/);
    const policy = page.headers.get("content-security-policy")!;
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain("unsafe");
    const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path!);
    expect(parts).toHaveLength(4);
    for (const path of parts) {
      const { status, headers } = await server.fetch(`/${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(headers.get("cache-control")).toBe("public, max-age=3600");
      expect(headers.get("content-type")).toMatch(/^(text\/(css|javascript)|image\/png)$/);
    }
  });
});
