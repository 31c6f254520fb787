import { afterEach, describe, expect, it } from "vitest";
import { PASSWORD, TestServer } from "../support.js";

let server: TestServer;
afterEach(() => server.remove());

async function started(env: NodeJS.ProcessEnv): Promise<void> {
  server = new TestServer(undefined, env);
  await server.start();
}
const login = (headers: Record<string, string> = {}) =>
  server.fetch("/auth/login", {
    method: "POST",
    body: JSON.stringify({ username: "nobody", password: PASSWORD }),
    headers: { "content-type": "application/json", ...headers },
  });

describe("limits", () => {
  it("let twenty tries a minute from one address to /auth, and say when to come back", async () => {
    await started({ RATE_LIMIT_AUTH: "20" });
    for (let left = 19; left >= 0; left--) {
      const { status, headers } = await login();
      expect([status, headers.get("x-ratelimit-remaining")]).toEqual([401, String(left)]);
    }
    const refused = await login();
    expect(refused.status).toBe(429);
    expect((await refused.json()).error_code).toBe("ERR_RATE_LIMITED");
    const now = Date.now() / 1000;
    expect(refused.headers.get("x-ratelimit-limit")).toBe("20");
    expect(Number(refused.headers.get("x-ratelimit-reset")) - now).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect((await server.fetch("/health")).status).toBe(200);
  });

  it("count each user alone", async () => {
    await started({ RATE_LIMIT_USER: "3" });
    const [alice, bob] = [await server.register("alice"), await server.register("bob")];
    for (const status of [200, 200, 200, 429])
      expect((await alice.get("/users/me")).status).toBe(status);
    expect((await bob.get("/users/me")).status).toBe(200);
  });

  it("do not believe what a stranger says of its address", async () => {
    await started({ RATE_LIMIT_AUTH: "2" });
    const statuses = [];
    for (const spoofed of ["1.1.1.1", "2.2.2.2", "3.3.3.3"]) {
      statuses.push((await login({ "x-forwarded-for": spoofed })).status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  });

  it("believe a trusted proxy, but not what its client wrote before it", async () => {
    await started({ RATE_LIMIT_AUTH: "2", TRUSTED_PROXIES: "127.0.0.0/8, ::1" });
    const from = async (forwarded: string) =>
      (await login({ "x-forwarded-for": forwarded })).status;
    expect(await from("9.9.9.9, 1.1.1.1")).toBe(401);
    expect(await from("8.8.8.8, 1.1.1.1")).toBe(401);
    expect(await from("7.7.7.7, 1.1.1.1")).toBe(429);
    expect(await from("1.1.1.1, 2.2.2.2")).toBe(401);
    expect(await from("nonsense")).toBe(401);
  });

  it("take the addresses of one IPv6 network for one, and those of two for two", async () => {
    await started({ RATE_LIMIT_AUTH: "2", TRUSTED_PROXIES: "127.0.0.1" });
    const from = async (forwarded: string) =>
      (await login({ "x-forwarded-for": forwarded })).status;
    expect(await from("2001:db8:0:1::1")).toBe(401);
    expect(await from("2001:db8:0:1:ffff::2")).toBe(401);
    expect(await from("2001:DB8::1:0:0:0:3")).toBe(429);
    expect(await from("2001:db8:0:2::1")).toBe(401);
    expect(await from("::ffff:192.0.2.1")).toBe(401);
    expect(await from("192.0.2.1")).toBe(401);
    expect(await from("::ffff:192.0.2.1")).toBe(429);
  });

  it("count what opens a WebSocket too, and what asks for a ticket twice", async () => {
    await started({ RATE_LIMIT_USER: "3", RATE_LIMIT_AUTH: "3" });
    const alice = await server.register("alice");
    const ticket = await alice.post("/auth/ws-ticket", {});
    expect(ticket.headers.get("x-ratelimit-remaining")).toBe("2");
    const connect = async () => (await server.request("GET", `/ws?token=${alice.token}`)).status;
    expect([await connect(), await connect(), await connect()]).toEqual([426, 426, 429]);
    expect((await alice.get("/users/me")).status).toBe(429);
  });
});
