import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfig } from "../../src/config.js";
import { createLog } from "../../src/log.js";
import { startServer } from "../../src/server.js";
import { TestServer } from "../support.js";

const folder = mkdtempSync(join(tmpdir(), "lacre-page-"));
const webRoot = join(folder, "dist");
mkdirSync(join(webRoot, "assets"), { recursive: true });
writeFileSync(join(folder, "secret.txt"), "not for the web");
writeFileSync(join(webRoot, "index.html"), "<!doctype html><title>page</title>");
writeFileSync(join(webRoot, "service-worker.js"), "// works offline");
writeFileSync(join(webRoot, "assets", "main-abc123.js"), "// the page's program");

const server = new TestServer(undefined, { WEB_ROOT: webRoot });
beforeAll(() => server.start());
afterAll(async () => {
  await server.remove();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(`${server.url}${path}`, { method, headers });

describe("web client", () => {
  it("is served at / and revalidated each time", async () => {
    const response = await get("/");
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(await response.text()).toContain("<title>page</title>");
    const again = await get("/", { "if-none-match": response.headers.get("etag")! });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect((await get("/", {}, "HEAD")).status).toBe(200);
  });

  it("has a strict Content-Security-Policy on each file", async () => {
    for (const path of ["/", "/service-worker.js", "/assets/main-abc123.js"]) {
      const { headers } = await get(path);
      const policy = headers.get("content-security-policy")!;
      expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/);
      expect(policy).toContain("require-trusted-types-for 'script'");
      expect(policy).not.toMatch(/unsafe|\*|https?:|data:/);
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("DENY");
    }
  });

  it("has files that are immutable if their names contain a hash", async () => {
    const cached = async (path: string) => (await get(path)).headers.get("cache-control");
    expect(await cached("/assets/main-abc123.js")).toBe("public, max-age=31536000, immutable");
    expect(await cached("/service-worker.js")).toBe("no-cache");
  });

  it("exposes no file outside of WEB_ROOT, and does not change the API", async () => {
    for (const path of [
      "/../secret.txt",
      "/%2e%2e/secret.txt",
      "/..%2fsecret.txt",
      "/assets/..%2f..%2fsecret.txt",
      "/assets/",
      "/nothing",
    ]) {
      const response = await get(path);
      expect([path, response.status]).toEqual([path, 404]);
      expect(await response.json()).toMatchObject({ error_code: "ERR_NOT_FOUND" });
    }
    expect((await server.fetch("/health")).headers.get("content-security-policy")).toBe(
      "default-src 'none'; frame-ancestors 'none'",
    );
  });

  it("is off without WEB_ROOT, and an error if WEB_ROOT has no index.html", async () => {
    const config = (WEB_ROOT: string) =>
      readConfig({ SERVER_PORT: "0", DATABASE_URL: `sqlite:///${folder}/other.db`, WEB_ROOT });
    const log = createLog("silent");
    const other = await startServer(config(""), log);
    expect((await fetch(other.url)).status).toBe(404);
    await other.close();
    await expect(startServer(config(join(folder, "nowhere")), log)).rejects.toThrow(
      /WEB_ROOT is ".*nowhere", which has no index.html: build the page/,
    );
  });
});
