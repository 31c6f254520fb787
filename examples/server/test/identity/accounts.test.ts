import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { Passwords } from "../../src/identity/passwords.js";
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

describe("alice registers and logs in", () => {
  it("gets a session of her own each time", async () => {
    const { status, body } = await login("alice", PASSWORD);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, user_id: alice.id, username: "alice" });
    expect(Buffer.from(body.session_key, "base64")).toHaveLength(32);
    expect(body.session_key).not.toBe(Buffer.from(alice.sessionKey).toString("base64"));
  });

  it("is refused with a wrong password as somebody unknown is", async () => {
    const wrong = await login("alice", "not her password");
    const unknown = await login("nobody", "not her password");
    expect(wrong.status).toBe(401);
    expect(wrong.body.error_code).toBe("ERR_WRONG_CREDENTIALS");
    expect({ ...unknown.body, timestamp: 0 }).toEqual({ ...wrong.body, timestamp: 0 });
  });

  it("keeps her name, in whatever form somebody else writes it", async () => {
    for (const username of ["alice", "ALICE", "ａｌｉｃｅ"]) {
      const body = { username, password: PASSWORD };
      const answer = await server.request("POST", "/auth/register", body);
      expect(answer).toMatchObject({ status: 409, body: { error_code: "ERR_USERNAME_TAKEN" } });
    }
  });

  it("is told what is wrong with what she sends", async () => {
    const short = await login("al", "open!");
    expect(short).toMatchObject({ status: 422, body: { error_code: "ERR_VALIDATION" } });
    expect(JSON.stringify(short.body)).not.toContain("open!");
    const notJson = await server.request("POST", "/auth/login", "{");
    expect(notJson).toMatchObject({ status: 400, body: { error_code: "ERR_MALFORMED_JSON" } });
    const large = await server.request("POST", "/auth/login", "x".repeat(1_100_000));
    expect(large).toMatchObject({ status: 413, body: { error_code: "ERR_BODY_TOO_LARGE" } });
    const nowhere = await server.request("GET", "/nowhere");
    expect(nowhere).toMatchObject({ status: 404, body: { error_code: "ERR_NOT_FOUND" } });
  });
});

describe("passwords", () => {
  const origin = { network: "somewhere", isKnownDevice: false };

  it("have up to 1,024 bytes, all of which count", async () => {
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

  it("are kept as argon2id of 19 MiB and two passes", async () => {
    const store = new Store(openDatabase(server.database, () => {}));
    const { hashed_password } = (await store.findUserByKey("alice"))!;
    await store.close();
    expect(hashed_password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  it("take as long to refuse where there is no user", async () => {
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
    // Without a hash it is a thousandth; between two hashes a busy machine makes some difference.
    expect(await fastest(undefined)).toBeGreaterThan((await fastest(hashed)) / 10);
  });

  it("are hashed a few at a time, and many more are asked to come back", async () => {
    const passwords = new Passwords();
    const tries = Array.from({ length: 110 }, () =>
      passwords.verify(undefined, "guessing", origin),
    );
    const results = await Promise.allSettled(tries);
    const refused = results.filter(({ status }) => status === "rejected");
    expect(refused).toHaveLength(8);
    expect((refused[0] as PromiseRejectedResult).reason).toMatchObject({
      code: "ERR_UNAVAILABLE",
      status: 503,
      details: { retry_after: 5 },
    });
    const hashed = await passwords.hash("right one", origin);
    expect(await passwords.verify(hashed, "right one", origin)).toBe("prepared");
  });
});

describe("the server starts again", () => {
  it("and alice is still logged in, with the same key", async () => {
    await server.stop();
    await server.start();
    expect((await alice.get("/chats")).status).toBe(200);
    const connection = await alice.connect();
    expect(await connection.isQuiet()).toBe(true);
    connection.socket.close();
  });

  it("and has written no password, token or session key to its log", async () => {
    const log = server.log.join("");
    expect(log).toContain('"path":"/ws"');
    expect(log).not.toContain("argon2");
    for (const secret of [PASSWORD, "not her password", alice.token.split(".")[2]!]) {
      expect(log).not.toContain(secret);
    }
    expect(log).not.toContain(Buffer.from(alice.sessionKey).toString("base64"));
  });
});
