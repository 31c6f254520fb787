import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createDatabase,
  describeOnPostgres,
  type ScratchDatabase,
  urlOf,
} from "../storage/databases.js";
import { messageIn, TestServer, type TestUser } from "../support.js";

const health = async (server: TestServer) => {
  const { status, body, headers } = await server.request("GET", "/health");
  return { status, body, retryAfter: headers.get("retry-after") };
};

describe("the health of a server", () => {
  const server = new TestServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("is good while its database answers", async () => {
    const { status, body } = await health(server);
    expect([status, body.status, body.database]).toEqual([200, "ok", "ok"]);
    expect(["ok", "none"]).toContain(body.redis);
  });
});

describe("the health of a server without its Redis", () => {
  const server = new TestServer(undefined, { REDIS_URL: "redis://127.0.0.1:1" });
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("is degraded, and it serves whom it can", async () => {
    const { status, body } = await health(server);
    expect([status, body]).toEqual([
      200,
      { status: "degraded", database: "ok", redis: "unavailable" },
    ]);
    const alice = await server.register("alice");
    expect((await alice.get("/users/me")).headers.get("x-ratelimit-limit")).toBe("10000");
    const metrics = await (await server.fetch("/metrics")).text();
    expect(metrics).toMatch(/^lacre_redis_up 0$/m);
  });
});

describeOnPostgres("the health of a server without its database", () => {
  let database: ScratchDatabase;
  let server: TestServer;
  let alice: TestUser;
  beforeAll(async () => {
    database = await createDatabase("postgresql");
    server = new TestServer(undefined, { DATABASE_URL: urlOf(database.config) });
    await server.start();
    alice = await server.register("alice");
    await database.remove();
  });
  afterAll(() => server.remove());

  it("is bad, which load balancers see by its status", async () => {
    const { status, body, retryAfter } = await health(server);
    expect([status, body.error_code, retryAfter]).toEqual([503, "ERR_UNAVAILABLE", "5"]);
  });

  it("shows in answers that say to come back, and in a metric", async () => {
    for (const path of ["/users/me", "/chats", "/chats/1"]) {
      const { status, body, headers } = await alice.get(path);
      expect([status, body.error_code]).toEqual([503, "ERR_UNAVAILABLE"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      expect(JSON.stringify(body)).not.toMatch(/select|lacre_test|127\.0\.0\.1/i);
    }
    const metrics = await (await server.fetch("/metrics")).text();
    expect(Number(/^lacre_database_failures_total (\d+)$/m.exec(metrics)![1])).toBeGreaterThan(0);
  });
});

describe("metrics", () => {
  const METRICS_TOKEN = "for the operator alone";
  const server = new TestServer(undefined, { METRICS_TOKEN, RATE_LIMIT_USER: "7" });
  let alice: TestUser;
  beforeAll(async () => {
    await server.start();
    alice = await server.register("alice");
    await server.register("bob");
  });
  afterAll(() => server.remove());

  it("are for who has the token, where one is set", async () => {
    expect((await server.request("GET", "/metrics")).status).toBe(401);
    expect((await server.request("GET", "/metrics", undefined, "wrong")).status).toBe(401);
  });

  it("name what an operator needs, and no user", async () => {
    const chat_id = await alice.chatWith("bob");
    const message = messageIn(chat_id, alice.id);
    const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
    const { content, nonce } = message;
    const body = { ...message, content: base64(content), nonce: base64(nonce) };
    for (let sent = 0; sent < 8; sent++) await alice.post(`/chats/${chat_id}/messages`, body);

    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    // Of all instances, however many answer.
    const texts = [];
    for (let asked = 0; asked < 2; asked++) {
      texts.push(await (await server.fetch("/metrics", { headers })).text());
    }
    const text = texts.join("\n");
    for (const name of [
      "lacre_connections",
      "lacre_queued_bytes",
      "lacre_redis_up",
      "lacre_database_failures_total",
      "nodejs_eventloop_lag_p99_seconds",
      "process_resident_memory_bytes",
    ]) {
      expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? \\d`, "m"));
    }
    expect(text).toMatch(/^lacre_messages_stored_total 1$/m);
    expect(text).toMatch(/^lacre_message_store_seconds_count [1-9]/m);
    expect(text).toMatch(/^lacre_rate_limited_total\{limit="user"\} \d/m);
    const route = 'method="POST",route="/chats/:chat_id/messages"';
    expect(text).toMatch(
      new RegExp(`^lacre_http_request_seconds_count\\{${route},status="201"\\} 1$`, "m"),
    );
    expect(text).toContain(`${route},status="429"`);
    expect(text).not.toContain("alice");
  });
});
