import { createPublicKey } from "node:crypto";
import { SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../src/database/open-database.js";
import { Store } from "../src/database/store.js";
import { loadTokenKey } from "../src/identity/server-keys.js";
import { PASSWORD, TestServer, type TestUser } from "./support.js";

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
    const short = await login("al", "12345");
    expect(short).toMatchObject({ status: 422, body: { error_code: "ERR_VALIDATION" } });
    expect(JSON.stringify(short.body)).not.toContain("12345");
    const notJson = await server.request("POST", "/auth/login", "{");
    expect(notJson).toMatchObject({ status: 400, body: { error_code: "ERR_MALFORMED_JSON" } });
    const large = await server.request("POST", "/auth/login", "x".repeat(100_000));
    expect(large).toMatchObject({ status: 413, body: { error_code: "ERR_BODY_TOO_LARGE" } });
    const nowhere = await server.request("GET", "/nowhere");
    expect(nowhere).toMatchObject({ status: 404, body: { error_code: "ERR_NOT_FOUND" } });
  });
});

describe("mallory forges tokens", () => {
  const claims = { sid: Buffer.alloc(16, 1).toString("base64url") };
  const standard = <Token extends SignJWT | UnsecuredJWT>(token: Token): Token => {
    token.setIssuer("lacre-server").setAudience("lacre").setSubject("1");
    return token;
  };

  async function tokenKey() {
    const store = new Store(openDatabase(server.database));
    const key = await loadTokenKey(store);
    await store.close();
    return key;
  }

  async function realSessionId(): Promise<string> {
    return JSON.parse(Buffer.from(alice.token.split(".")[1]!, "base64url").toString()).sid;
  }

  async function statusOf(token: string): Promise<number> {
    return (await server.request("GET", "/chats", undefined, token)).status;
  }

  it("without an algorithm", async () => {
    const sid = await realSessionId();
    const token = standard(new UnsecuredJWT({ sid })).setExpirationTime("1h").encode();
    expect(await statusOf(token)).toBe(401);
  });

  it("with HS256 under the public key", async () => {
    const publicKey = createPublicKey(await tokenKey()).export({ type: "spki", format: "pem" });
    const token = await standard(new SignJWT({ sid: await realSessionId() }))
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
      .setExpirationTime("1h")
      .sign(Buffer.from(publicKey));
    expect(await statusOf(token)).toBe(401);
  });

  it("that have expired, are for others, or name a session that is not", async () => {
    const key = await tokenKey();
    const sid = await realSessionId();
    const sign = (token: SignJWT, expires = "1h", typ = "at+jwt") =>
      token.setProtectedHeader({ alg: "RS256", typ }).setExpirationTime(expires).sign(key);
    expect(await statusOf(await sign(standard(new SignJWT({ sid }))))).toBe(200);
    expect(await statusOf(await sign(standard(new SignJWT({ sid })), "-1m"))).toBe(401);
    expect(await statusOf(await sign(standard(new SignJWT({ sid })), "1h", "JWT"))).toBe(401);
    expect(await statusOf(await sign(standard(new SignJWT({ sid })).setAudience("x")))).toBe(401);
    expect(await statusOf(await sign(standard(new SignJWT({ sid })).setIssuer("x")))).toBe(401);
    expect(await statusOf(await sign(standard(new SignJWT(claims))))).toBe(401);
    expect(await statusOf(await sign(standard(new SignJWT({ sid: "short" }))))).toBe(401);
    expect(await statusOf(alice.token.slice(0, -4))).toBe(401);
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
    for (const secret of [PASSWORD, alice.token, alice.token.split(".")[2]!]) {
      expect(log).not.toContain(secret);
    }
    expect(log).not.toContain(Buffer.from(alice.sessionKey).toString("base64"));
  });
});
