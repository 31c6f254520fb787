import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { HASHES_AT_ONCE, Passwords } from "../../src/identity/passwords.js";
import { PASSWORD, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;

beforeAll(async () => {
  await server.start();
  alice = await server.register("alice");
});
afterAll(() => server.remove());

const login = (username: string, password: string) =>
  server.request("POST", "/auth/login", { username, password });

describe("POST /auth/register and /auth/login", () => {
  it("opens a new session for each login", async () => {
    const { status, body } = await login("alice", PASSWORD);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, user_id: alice.id, username: "alice" });
    expect(Buffer.from(body.session_key, "base64")).toHaveLength(32);
    expect(body.session_key).not.toBe(Buffer.from(alice.sessionKey).toString("base64"));
  });

  it("answers a wrong password like an unknown user", async () => {
    const wrong = await login("alice", "not her password");
    const unknown = await login("unknown", "not her password");
    expect(wrong.status).toBe(401);
    expect(wrong.body.error_code).toBe("ERR_WRONG_CREDENTIALS");
    expect({ ...unknown.body, timestamp: 0 }).toEqual({ ...wrong.body, timestamp: 0 });
  });

  it("rejects a username that differs only in case or width", async () => {
    for (const username of ["alice", "ALICE", "ａｌｉｃｅ"]) {
      const body = { username, password: PASSWORD };
      const answer = await server.request("POST", "/auth/register", body);
      expect(answer).toMatchObject({ status: 409, body: { error_code: "ERR_USERNAME_TAKEN" } });
    }
  });

  it("answers invalid requests with an error code", async () => {
    const short = await login("al", "open!");
    expect(short).toMatchObject({ status: 422, body: { error_code: "ERR_VALIDATION" } });
    expect(JSON.stringify(short.body)).not.toContain("open!");
    const notJson = await server.request("POST", "/auth/login", "{");
    expect(notJson).toMatchObject({ status: 400, body: { error_code: "ERR_MALFORMED_JSON" } });
    const large = await server.request("POST", "/auth/login", "x".repeat(1_100_000));
    expect(large).toMatchObject({ status: 413, body: { error_code: "ERR_BODY_TOO_LARGE" } });
    const unknownPath = await server.request("GET", "/unknown");
    expect(unknownPath).toMatchObject({ status: 404, body: { error_code: "ERR_NOT_FOUND" } });
  });
});

describe("passwords", () => {
  const origin = { network: "network", isKnownDevice: false };

  it("have at most 1,024 bytes, all of which are significant", async () => {
    const longest = "é".repeat(512);
    const register = (username: string, password: string) =>
      server.request("POST", "/auth/register", { username, password });
    expect((await register("long-password", longest)).status).toBe(201);
    expect((await login("long-password", longest)).status).toBe(200);
    expect((await login("long-password", `${longest.slice(0, -1)}e`)).status).toBe(401);
    expect((await register("too-long", `${longest}e`)).status).toBe(422);
    expect((await login("long-password", `${longest}e`)).status).toBe(422);
    expect((await register("short", "12345")).status).toBe(422);
    expect((await register("short-enough", "123456")).status).toBe(201);
    expect((await register("broken-text", "secret\ud800")).status).toBe(422);
  });

  it("are hashed with argon2id, 19 MiB and two passes", async () => {
    const store = new Store(openDatabase(server.database, () => {}));
    const { hashed_password } = (await store.users.listByKeys(["alice"]))[0]!;
    await store.close();
    expect(hashed_password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("take as long to verify for an unknown user", async () => {
    const passwords = new Passwords();
    const hashed = await passwords.hash(PASSWORD, origin);
    const fastest = async (known: string | undefined) => {
      let least = Number.POSITIVE_INFINITY;
      for (let round = 0; round < 5; round++) {
        const start = performance.now();
        expect(await passwords.verify(known, "guessing", origin)).toBeUndefined();
        least = Math.min(least, performance.now() - start);
      }
      return least;
    };
    await fastest(undefined);
    // Without hashing, it would take a thousandth of the time. The factor 10 allows for a busy machine.
    expect(await fastest(undefined)).toBeGreaterThan((await fastest(hashed)) / 10);
  });

  it("are hashed a few at a time, and rejected with ERR_UNAVAILABLE if the queue is full", async () => {
    const passwords = new Passwords();
    const attempts = Array.from({ length: 110 }, () =>
      passwords.verify(undefined, "guessing", origin),
    );
    const results = await Promise.allSettled(attempts);
    const rejected = results.filter(({ status }) => status === "rejected");
    expect(rejected).toHaveLength(10 - HASHES_AT_ONCE);
    expect((rejected[0] as PromiseRejectedResult).reason).toMatchObject({
      code: "ERR_UNAVAILABLE",
      status: 503,
      details: { retry_after: 5 },
    });
    const hashed = await passwords.hash("right one", origin);
    expect(await passwords.verify(hashed, "right one", origin)).toBe("prepared");
  });
});

describe("a restart of the server", () => {
  it("keeps sessions and their keys", async () => {
    await server.stop();
    await server.start();
    expect((await alice.get("/chats")).status).toBe(200);
    const connection = await alice.connect();
    expect(await connection.isQuiet()).toBe(true);
    connection.socket.close();
  });

  it("has written no password, token or session key to the log", async () => {
    const log = server.log.join("");
    expect(log).toContain('"path":"/ws"');
    expect(log).not.toContain("argon2");
    for (const secret of [PASSWORD, "not her password", alice.token.split(".")[2]!]) {
      expect(log).not.toContain(secret);
    }
    expect(log).not.toContain(Buffer.from(alice.sessionKey).toString("base64"));
  });
});
