import { ChatMessage } from "lacre";
import Database from "libsql";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { isQuick } from "../../../../test/support/runs.js";
import { until } from "../../harness/until.js";
import { readConfig } from "../../src/config.js";
import { migrate } from "../../src/database/migrator.js";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { healthCheck } from "../../src/http/health.js";
import type { Services } from "../../src/services.js";
import {
  createDatabase,
  describeOnPostgres,
  type ScratchDatabase,
  urlOf,
} from "../storage/databases.js";
import { jsonOf, messageIn, PASSWORD, TestServer, type TestUser } from "../support.js";

const health = async (server: TestServer) => {
  const { status, body, headers } = await server.request("GET", "/health");
  return { status, body, retryAfter: headers.get("retry-after") };
};

describe("GET /health", () => {
  const server = new TestServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("answers 200 while the database answers", async () => {
    const { status, body } = await health(server);
    expect([status, body.status, body.database]).toEqual([200, "ok", "ok"]);
    expect(["ok", "none"]).toContain(body.redis);
  });
});

describe("GET /health during an outage of Redis", () => {
  const server = new TestServer(undefined, { REDIS_URL: "redis://127.0.0.1:1" });
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("answers degraded, and the server still works", async () => {
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

describeOnPostgres("a server during an outage of PostgreSQL", () => {
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

  it("answers GET /health with 503", async () => {
    const { status, body, retryAfter } = await health(server);
    expect([status, body.error_code, retryAfter]).toEqual([503, "ERR_UNAVAILABLE", "5"]);
  });

  it("answers requests with 503 and Retry-After, and counts failures in a metric", async () => {
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

/** Returns the answers to a login, to a message and to GET /health. */
async function answersOf(server: TestServer, alice: TestUser, chat_id: number) {
  const credentials = { username: "alice", password: PASSWORD };
  const answers = await Promise.all([
    server.request("POST", "/auth/login", credentials),
    alice.post(`/chats/${chat_id}/messages`, jsonOf(messageIn(chat_id, alice.id))),
    server.request("GET", "/health"),
  ]);
  return answers.map(({ status, body, headers }) => ({
    status,
    code: body.error_code,
    isRetryable: Number(headers.get("retry-after")) > 0,
  }));
}
const NO_WRITES = { status: 503, code: "ERR_UNAVAILABLE", isRetryable: true };

describeOnPostgres("a server on a read-only PostgreSQL, such as a standby", () => {
  let database: ScratchDatabase;
  let server: TestServer;
  let alice: TestUser;
  let chat_id: number;
  beforeAll(async () => {
    database = await createDatabase("postgresql");
    server = new TestServer(undefined, { DATABASE_URL: urlOf(database.config) });
    await server.start();
    alice = await server.register("alice");
    await server.register("bob");
    chat_id = await alice.chatWith("bob");
  });
  afterAll(async () => {
    await server.remove();
    await database.remove();
  });
  const setReadOnly = async (isReadOnly: boolean) => {
    const client = new Client({ connectionString: urlOf(database.config) });
    await client.connect();
    const { rows } = await client.query("SELECT current_database() AS name");
    // The connection itself may be read-only by default.
    await client.query("SET default_transaction_read_only = off");
    await client.query(
      `ALTER DATABASE ${rows[0].name} SET default_transaction_read_only = ${isReadOnly}`,
    );
    // ALTER DATABASE affects new connections only. Wait until each old one has ended: it would still accept writes.
    await client.query(
      "SELECT pg_terminate_backend(pid, 20000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    await client.end();
  };

  /** Whether both instances answer with this status. Each caches its result for a second. */
  const bothAnswer = async (status: number) =>
    (await health(server)).status === status && (await health(server)).status === status;

  it("answers writes with 503, still reads, and recovers without a restart", async () => {
    expect((await health(server)).status).toBe(200);
    await setReadOnly(true);
    expect(await until(() => bothAnswer(503), 30)).toBe(true);
    expect(await answersOf(server, alice, chat_id)).toEqual([NO_WRITES, NO_WRITES, NO_WRITES]);
    expect(await until(async () => (await alice.get("/users/me")).status === 200, 30)).toBe(true);
    expect((await alice.get(`/chats/${chat_id}/messages`)).status).toBe(200);
    const connection = await alice.connect();
    connection.send(ChatMessage, messageIn(chat_id, alice.id));
    const { value } = await connection.nextOf("error");
    expect(value).toMatchObject({ error_code: "ERR_UNAVAILABLE" });
    connection.socket.terminate();

    await setReadOnly(false);
    expect(await until(() => bothAnswer(200), 30)).toBe(true);
    const [login, message] = await answersOf(server, alice, chat_id);
    expect([login!.status, message!.status]).toEqual([200, 201]);
    expect(server.log.join("")).not.toContain('"status":500');
  });
});

/** Locks a SQLite file as soon as the server, which deletes expired rows when it starts, does not write. */
async function lock(path: string): Promise<Database.Database> {
  const database = new Database(path);
  const isLocked = await until(async () => {
    try {
      database.exec("BEGIN IMMEDIATE");
      return true;
    } catch {
      return false;
    }
  }, 30);
  expect(isLocked).toBe(true);
  return database;
}

describe("a server on a SQLite file that another process has locked", () => {
  const server = new TestServer();
  beforeAll(() => server.start());
  afterAll(() => server.remove());

  it("answers GET /health with 200 while the lock is short enough for a backup", async () => {
    if (server.database.dialect !== "sqlite") return;
    expect((await health(server)).status).toBe(200);
    const other = await lock(server.database.path);
    // The server caches the previous result for a second.
    const isLocked = async () => (await health(server)).body.database === "locked";
    expect(await until(isLocked, 30)).toBe(true);
    const { status, body } = await health(server);
    expect([status, body.status]).toEqual([200, "degraded"]);
    other.exec("ROLLBACK");
    other.close();
    expect(await until(async () => (await health(server)).body.database === "ok", 30)).toBe(true);
  });

  // The server reports a lock as a failure after 15 s.
  it.skipIf(isQuick)(
    "answers writes with 503, still reads, and recovers without a restart",
    async () => {
      if (server.database.dialect !== "sqlite") return;
      const alice = await server.register("alice");
      await server.register("bob");
      const chat_id = await alice.chatWith("bob");
      const other = await lock(server.database.path);
      expect(await until(async () => (await health(server)).status === 503, 40)).toBe(true);
      expect(await answersOf(server, alice, chat_id)).toEqual([NO_WRITES, NO_WRITES, NO_WRITES]);
      expect((await alice.get("/users/me")).status).toBe(200);
      other.exec("ROLLBACK");
      other.close();
      expect(await until(async () => (await health(server)).status === 200, 30)).toBe(true);
      const [login, message] = await answersOf(server, alice, chat_id);
      expect([login!.status, message!.status]).toEqual([200, 201]);
    },
  );
});

describe("healthCheck", () => {
  it("writes to the database at most once a second", async () => {
    const scratch = await createDatabase("sqlite");
    await migrate(scratch.config);
    const store = new Store(openDatabase(scratch.config));
    const writes = vi.spyOn(store.serverKeys, "noteHealth");
    const services = { config: readConfig({}), store, coordination: { isUp: true } };
    const check = healthCheck(services as unknown as Services);
    const start = performance.now();
    for (let count = 0; count < 50; count++) await Promise.all([check(), check(), check()]);
    expect(writes).toHaveBeenCalled();
    expect(writes.mock.calls.length).toBeLessThanOrEqual(1 + (performance.now() - start) / 1000);
    await store.close();
    await scratch.remove();
  });
});

describe("metrics", () => {
  const METRICS_TOKEN = "token of the operator";
  const server = new TestServer(undefined, { METRICS_TOKEN, RATE_LIMIT_USER: "7" });
  let alice: TestUser;
  beforeAll(async () => {
    await server.start();
    alice = await server.register("alice");
    await server.register("bob");
  });
  afterAll(() => server.remove());

  it("require METRICS_TOKEN if it is set", async () => {
    expect((await server.request("GET", "/metrics")).status).toBe(401);
    expect((await server.request("GET", "/metrics", undefined, "wrong")).status).toBe(401);
  });

  it("contain the documented metrics, and no username", async () => {
    const chat_id = await alice.chatWith("bob");
    const body = jsonOf(messageIn(chat_id, alice.id));
    for (let sent = 0; sent < 8; sent++) await alice.post(`/chats/${chat_id}/messages`, body);

    const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
    // Two requests reach both instances if there are two.
    const texts = [];
    for (let count = 0; count < 2; count++) {
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
