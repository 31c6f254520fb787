import { afterEach, describe, expect, it, vi } from "vitest";
import { PARAMETERS, PASSWORD, TestServer } from "../support.js";

let server: TestServer;
afterEach(() => server.remove());

async function startServer(env: NodeJS.ProcessEnv): Promise<void> {
  server = new TestServer(undefined, env);
  await server.start();
}
/** Number of failed logins. Each names another account, so that only the limit by address applies. */
let guesses = 0;
const login = (headers: Record<string, string> = {}) =>
  server.fetch("/auth/login", {
    method: "POST",
    body: JSON.stringify({ username: `unknown-${++guesses}`, password: PASSWORD }),
    headers: { "content-type": "application/json", ...headers },
  });

describe("rate limits", () => {
  it("allow RATE_LIMIT_AUTH requests a minute from one address to /auth, and send Retry-After", async () => {
    await startServer({ RATE_LIMIT_AUTH: "20" });
    for (let left = 19; left >= 0; left--) {
      const { status, headers } = await login();
      expect([status, headers.get("x-ratelimit-remaining")]).toEqual([401, String(left)]);
    }
    const rejected = await login();
    expect(rejected.status).toBe(429);
    expect((await rejected.json()).error_code).toBe("ERR_RATE_LIMITED");
    const now = Date.now() / 1000;
    expect(rejected.headers.get("x-ratelimit-limit")).toBe("20");
    expect(Number(rejected.headers.get("x-ratelimit-reset")) - now).toBeGreaterThan(0);
    expect(Number(rejected.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect((await server.fetch("/health")).status).toBe(200);
  });

  it("end in time after the clock is set back", async () => {
    await startServer({ RATE_LIMIT_AUTH: "1" });
    await login();
    const now = Date.now;
    vi.spyOn(Date, "now").mockImplementation(() => now() - 3_600_000);
    try {
      const { status, headers } = await login();
      expect(status).toBe(429);
      expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
    } finally {
      vi.restoreAllMocks();
    }
  });

  it("count users separately", async () => {
    await startServer({ RATE_LIMIT_USER: "3" });
    const [alice, bob] = [await server.register("alice"), await server.register("bob")];
    for (const status of [200, 200, 200, 429])
      expect((await alice.get("/users/me")).status).toBe(status);
    expect((await bob.get("/users/me")).status).toBe(200);
  });

  it("allow a tenth of the requests to change a chat", async () => {
    await startServer({ RATE_LIMIT_USER: "20" });
    const [alice, bob] = [await server.register("alice"), await server.register("bob")];
    const id = await alice.chatWith("bob");
    const change = async (hours: number) =>
      (await alice.patch(`/chats/${id}/config`, { auto_delete_hours: hours })).status;
    const restart = (await alice.post(`/chats/${id}/restart`, PARAMETERS)).status;
    expect([restart, await change(1), await change(2)]).toEqual([200, 200, 429]);
    expect((await alice.get(`/chats/${id}`)).status).toBe(200);
    expect((await bob.patch(`/chats/${id}/config`, { auto_delete_hours: 3 })).status).toBe(200);
  });

  it("allow a tenth of the requests to change devices, to publish, and to claim key packages", async () => {
    await startServer({ RATE_LIMIT_USER: "20" });
    const [alice] = [await server.register("alice"), await server.register("bob")];
    const id = await alice.chatWith("bob");
    const device = "0".repeat(32);
    const requests: (() => Promise<{ status: number }>)[] = [
      () => alice.post("/devices", { entry: Buffer.alloc(289).toString("base64") }),
      () => alice.post(`/devices/${device}/key-packages`, { key_packages: [] }),
      () => alice.post(`/chats/${id}/key-packages/claim`, { user_ids: [1], suite: 1 }),
    ];
    const statuses = [];
    for (const send of requests) {
      for (let time = 0; time < 3; time++) statuses.push((await send()).status);
    }
    expect(statuses).toEqual([422, 422, 429, 404, 404, 429, 200, 200, 429]);
    expect((await alice.get("/users/me")).status).toBe(200);
  });

  it("allow 5 times the requests to write chunks of the history, and 10 times to read them, apart from others", async () => {
    await startServer({ RATE_LIMIT_USER: "2" });
    const alice = await server.register("alice");
    const path = `/history/${"0".repeat(32)}`;
    const position = `${path}/${"0".repeat(32)}/1/1`;
    const chunk = Buffer.alloc(1417).toString("base64");
    const count = async (send: () => Promise<{ status: number }>) => {
      for (let sent = 0; ; sent++) {
        const { status } = await send();
        if (status === 429) return sent;
        expect(status).toBe(404);
      }
    };
    expect(await count(() => alice.get(path))).toBe(20);
    expect((await alice.put(position, { chunk })).status).toBe(404);
    expect(await count(() => alice.delete(position))).toBe(9);
    expect((await alice.get("/users/me")).status).toBe(200);
  });

  it("ignore X-Forwarded-For from an untrusted peer", async () => {
    await startServer({ RATE_LIMIT_AUTH: "2" });
    const statuses = [];
    for (const spoofed of ["1.1.1.1", "2.2.2.2", "3.3.3.3"]) {
      statuses.push((await login({ "x-forwarded-for": spoofed })).status);
    }
    expect(statuses).toEqual([401, 401, 429]);
  });

  it("use the last X-Forwarded-For entry from a trusted proxy", async () => {
    await startServer({ RATE_LIMIT_AUTH: "2", TRUSTED_PROXIES: "127.0.0.0/8, ::1" });
    const from = async (forwarded: string) =>
      (await login({ "x-forwarded-for": forwarded })).status;
    expect(await from("9.9.9.9, 1.1.1.1")).toBe(401);
    expect(await from("8.8.8.8, 1.1.1.1")).toBe(401);
    expect(await from("7.7.7.7, 1.1.1.1")).toBe(429);
    expect(await from("1.1.1.1, 2.2.2.2")).toBe(401);
    expect(await from("nonsense")).toBe(401);
  });

  it("accept all common forms of addresses in X-Forwarded-For", async () => {
    await startServer({ RATE_LIMIT_AUTH: "2", TRUSTED_PROXIES: "127.0.0.1" });
    const from = async (forwarded: string) =>
      (await login({ "x-forwarded-for": forwarded })).status;
    expect(await from("203.0.113.9:5555")).toBe(401);
    expect(await from('"203.0.113.9:5556"')).toBe(401);
    expect(await from("[::ffff:203.0.113.9]:443")).toBe(429);
    expect(await from("[2001:db8::7]:443")).toBe(401);
    expect(await from("2001:db8::7")).toBe(401);
    expect(await from('"[2001:DB8::7]:444"')).toBe(429);
  });

  it("count the addresses of an IPv6 /64 network as one", async () => {
    await startServer({ RATE_LIMIT_AUTH: "2", TRUSTED_PROXIES: "127.0.0.1" });
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

  it("never reject a logout", async () => {
    await startServer({ RATE_LIMIT_USER: "1", RATE_LIMIT_AUTH: "1" });
    const alice = await server.register("alice");
    expect([(await alice.get("/users/me")).status, (await alice.get("/users/me")).status]).toEqual([
      200, 429,
    ]);
    expect((await login()).status).toBe(429);
    expect((await alice.post("/auth/logout", {})).status).toBe(204);
    expect((await alice.get("/users/me")).status).toBe(401);
  });

  it("count sessions of a user separately, and all together with a limit four times as high", async () => {
    await startServer({ RATE_LIMIT_USER: "2" });
    const sessions = [await server.register("alice")];
    while (sessions.length < 6) sessions.push(await server.login("alice"));
    const [thief, ...others] = sessions;
    for (const status of [200, 200, 429, 429, 429, 429, 429, 429, 429]) {
      expect((await thief!.get("/users/me")).status).toBe(status);
    }
    const statuses = [];
    for (const session of others) statuses.push((await session.get("/users/me")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200]);
    expect((await others[0]!.get("/users/me")).status).toBe(200);
    expect((await others[1]!.get("/users/me")).status).toBe(429);
    // The limit of all sessions does not apply to tickets and WebSockets.
    expect((await others[2]!.post("/auth/ws-ticket", {})).status).toBe(200);
    const { token } = others[3]!;
    expect((await server.request("GET", `/ws?token=${token}`)).status).toBe(426);
  });

  it("count changes of chats by session too", async () => {
    await startServer({ RATE_LIMIT_USER: "10" });
    const alice = await server.register("alice");
    await server.register("bob");
    const id = await alice.chatWith("bob");
    const again = await server.login("alice");
    const change = async (user: typeof alice, hours: number) =>
      (await user.patch(`/chats/${id}/config`, { auto_delete_hours: hours })).status;
    expect([await change(alice, 1), await change(alice, 2), await change(again, 3)]).toEqual([
      200, 429, 200,
    ]);
  });

  it("count invalid tokens by address, and accept valid ones from that address", async () => {
    await startServer({ RATE_LIMIT_USER: "3", TRUSTED_PROXIES: "127.0.0.0/8, ::1" });
    const alice = await server.register("alice");
    const send = async (path: string, from: string, token?: string) => {
      const headers = {
        "x-forwarded-for": from,
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      };
      return (await server.fetch(path, { headers })).status;
    };
    const bad = "not.a.token";
    expect(await send("/users/me", "192.0.2.1", bad)).toBe(401);
    expect(await send(`/ws?token=${bad}`, "192.0.2.1")).toBe(401);
    expect(await send("/ws?ticket=invented", "192.0.2.1")).toBe(401);
    expect(await send("/users/me", "192.0.2.1", bad)).toBe(429);
    expect(await send(`/ws?token=${bad}`, "192.0.2.1")).toBe(429);
    expect(await send("/users/me", "192.0.2.1")).toBe(401);
    expect(await send("/users/me", "192.0.2.1", alice.token)).toBe(200);
    expect(await send("/users/me", "192.0.2.2", bad)).toBe(401);
  });

  it("count requests for WebSockets and tickets", async () => {
    await startServer({ RATE_LIMIT_USER: "3" });
    const alice = await server.register("alice");
    const ticket = await alice.post("/auth/ws-ticket", {});
    expect(ticket.headers.get("x-ratelimit-remaining")).toBe("2");
    const connect = async () => (await server.request("GET", `/ws?token=${alice.token}`)).status;
    expect([await connect(), await connect(), await connect()]).toEqual([426, 426, 429]);
    expect((await alice.get("/users/me")).status).toBe(429);
  });
});
