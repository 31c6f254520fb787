import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer, type TestUser } from "../support.js";

const server = new TestServer(undefined, { CORS_ORIGINS: "https://chat.example" });
let alice: TestUser;
beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
});
afterAll(() => server.remove());

const get = (path: string, headers: Record<string, string> = {}) => server.fetch(path, { headers });

describe("response headers", () => {
  it("forbid framing, type sniffing, referrers and caching", async () => {
    for (const path of ["/users/me", "/nothing", "/auth/login"]) {
      const { headers } = await get(path);
      expect(Object.fromEntries(headers)).toMatchObject({
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
      });
      expect(headers.get("x-powered-by")).toBeNull();
    }
  });

  it("allow the origins of CORS_ORIGINS only", async () => {
    const allowed = async (origin: string, method = "GET") => {
      const { headers } = await server.fetch("/users/me", { method, headers: { origin } });
      expect(headers.get("vary")).toContain("Origin");
      return headers.get("access-control-allow-origin");
    };
    expect(await allowed("https://chat.example")).toBe("https://chat.example");
    expect(await allowed("https://chat.example", "OPTIONS")).toBe("https://chat.example");
    const others = [
      "https://evil.example",
      "https://chat.example.evil",
      "http://chat.example",
      "null",
    ];
    for (const origin of others) {
      expect(await allowed(origin)).toBeNull();
      expect(await allowed(origin, "OPTIONS")).toBeNull();
    }
  });

  it("contain the request's own x-request-id if it is valid, and a new one otherwise", async () => {
    const id = async (given: string) =>
      (await get("/health", { "x-request-id": given })).headers.get("x-request-id");
    expect(await id("from-a-proxy-1")).toBe("from-a-proxy-1");
    for (const bad of ['"}injected{"', "short", "x".repeat(65), "a b c d e f"]) {
      expect(await id(bad)).toMatch(/^[0-9a-f-]{36}$/);
    }
  });

  it("contain www-authenticate in an answer with 401", async () => {
    expect((await get("/users/me")).headers.get("www-authenticate")).toBe("Bearer");
  });
});

describe("request log", () => {
  it("has a line with id and user for each request, without token, password or query", async () => {
    const headers = { authorization: `Bearer ${alice.token}`, "x-request-id": "request-of-alice" };
    await get("/users/search?q=secret-query", headers);
    await get(`/ws?token=${alice.token}`);
    const lines = server.log.map((line) => JSON.parse(line));
    expect(lines.find(({ request_id }) => request_id === "request-of-alice")).toMatchObject({
      method: "GET",
      path: "/users/search",
      status: 200,
      user_id: alice.id,
      address: "127.0.0.1",
    });
    for (const secret of [alice.token, "correct horse", "secret-query", "Bearer"]) {
      expect(server.log.join("")).not.toContain(secret);
    }
  });
});
