import { createHmac, generateKeyPairSync } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { AuthResponse } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { SigningKeys } from "../../src/identity/signing-keys.js";
import { PASSWORD, TestServer } from "../support.js";

const server = new TestServer();
let store: Store;

beforeAll(async () => {
  await server.start();
  await server.register("alice");
  store = new Store(openDatabase(server.database, () => {}));
});
afterAll(async () => {
  await store.close();
  await server.remove();
});

async function logIn(username = "alice"): Promise<AuthResponse> {
  const { body } = await server.request("POST", "/auth/login", { username, password: PASSWORD });
  return AuthResponse.parse(body);
}
const refresh = (refresh_token = "") => server.request("POST", "/auth/refresh", { refresh_token });
const statusWith = async (token?: string) =>
  (await server.request("GET", "/users/me", undefined, token)).status;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (text = "") => JSON.parse(Buffer.from(text, "base64url").toString());
const claimsOf = (token = "") => decode(token.split(".")[1]);

describe("tokens", () => {
  it("expire after an hour (access) and 30 days (refresh)", async () => {
    const { access_token, refresh_token, expires_in } = await logIn();
    const [access, renewal] = [claimsOf(access_token), claimsOf(refresh_token)];
    expect(expires_in).toBe(3600);
    // A new second may have begun between the computation of iat and exp.
    expect(Math.abs(access.exp - access.iat - 3600)).toBeLessThanOrEqual(1);
    expect(Math.abs(renewal.exp - renewal.iat - 30 * 24 * 3600)).toBeLessThanOrEqual(1);
    expect(access.sid).toBe(renewal.sid);
  });

  it("are rejected with a wrong kind, issuer, audience, time or session", async () => {
    const { access_token = "", refresh_token } = await logIn();
    const { id: kid, privateKey } = await (await SigningKeys.open(store)).current();
    const claims = claimsOf(access_token);
    const signed = (changes: object, header: object = {}) =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid, ...header })
        .sign(privateKey);
    expect(await statusWith(await signed({}))).toBe(200);
    const forged = {
      "another issuer": await signed({ iss: "x" }),
      "another audience": await signed({ aud: "x" }),
      "another typ": await signed({}, { typ: "JWT" }),
      expired: await signed({ exp: Math.floor(Date.now() / 1000) - 60 }),
      "no exp": await signed({ exp: undefined }),
      "an unknown session": await signed({ sid: Buffer.alloc(16, 1).toString("base64url") }),
      "a session of another user": await signed({ sub: "2" }),
      "a short session id": await signed({ sid: "AAAA" }),
      "a session id that is a number": await signed({ sid: 7 }),
      "no kid": await signed({}, { kid: undefined }),
      "a refresh token": refresh_token,
    };
    for (const [name, token] of Object.entries(forged)) {
      expect([name, await statusWith(token)]).toEqual([name, 401]);
    }
    expect((await refresh(access_token)).status).toBe(401);
  });

  it("are rejected with a key of their own, or without a valid signature", async () => {
    const { access_token = "" } = await logIn();
    const [head, claims, signature] = access_token.split(".");
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = await exportJWK(publicKey);
    const x5c = [publicKey.export({ type: "spki", format: "der" }).toString("base64")];
    const jku = `${server.url}/.well-known/jwks.json`;
    const forgedWith = (header: object) =>
      new SignJWT(decode(claims))
        .setProtectedHeader({ ...decode(head), ...header })
        .sign(privateKey);
    const unsigned = encode({ ...decode(head), alg: "none" });
    const forged = {
      "another key with our kid": await forgedWith({}),
      "another kid": await forgedWith({ kid: "other" }),
      "an embedded jwk": await forgedWith({ jwk }),
      "an embedded jwk without kid": await forgedWith({ jwk, kid: undefined }),
      "an embedded certificate": await forgedWith({ x5c, kid: undefined }),
      "a jku": await forgedWith({ jku, kid: "other" }),
      unsigned: `${unsigned}.${claims}.`,
      "unsigned with a signature": `${unsigned}.${claims}.${signature}`,
      "other claims": `${head}.${encode({ ...decode(claims), sub: "2" })}.${signature}`,
      "an unknown crit": `${encode({ ...decode(head), crit: ["x"], x: 1 })}.${claims}.${signature}`,
      garbage: "no-token",
    };
    for (const [name, token] of Object.entries(forged)) {
      expect([name, await statusWith(token)]).toEqual([name, 401]);
    }
    expect(await statusWith(access_token)).toBe(200);
  });

  it("are rejected with HS256 and the public key as secret", async () => {
    const { access_token = "" } = await logIn();
    const [head = "", claims] = access_token.split(".");
    const { kid } = decode(head);
    const { publicKey } = (await (await SigningKeys.open(store)).find(kid))!;
    for (const secret of [
      publicKey.export({ type: "spki", format: "pem" }),
      publicKey.export({ type: "spki", format: "der" }),
    ]) {
      const signed = `${encode({ alg: "HS256", typ: "at+jwt", kid })}.${claims}`;
      const mac = createHmac("sha256", secret).update(signed).digest("base64url");
      expect(await statusWith(`${signed}.${mac}`)).toBe(401);
    }
  });
});

describe("a refresh token", () => {
  it("can be used once, and returns tokens of the same session and key", async () => {
    const first = await logIn();
    const { status, body } = await refresh(first.refresh_token);
    const second = AuthResponse.parse(body);
    expect(status).toBe(200);
    expect(second.session_key).toEqual(first.session_key);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await statusWith(second.access_token)).toBe(200);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it("that is used twice ends its session only", async () => {
    const first = await logIn();
    const elsewhere = await logIn();
    const second = AuthResponse.parse((await refresh(first.refresh_token)).body);
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await refresh(second.refresh_token)).status).toBe(401);
    expect(await statusWith(second.access_token)).toBe(401);
    expect(await statusWith(elsewhere.access_token)).toBe(200);
  });

  it("that is used simultaneously is accepted once", async () => {
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await logIn();
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)));
      const accepted = answers.filter(({ status }) => status === 200);
      expect(accepted).toHaveLength(1);
      expect((await refresh(AuthResponse.parse(accepted[0]!.body).refresh_token)).status).toBe(401);
    }
  });

  it("of a deactivated user is rejected", async () => {
    await server.register("mallory");
    const { refresh_token, access_token } = await logIn("mallory");
    const { id } = (await store.users.listByKeys(["mallory"]))[0]!;
    await store.users.setActive(id, false);
    expect(await statusWith(access_token)).toBe(401);
    expect((await refresh(refresh_token)).status).toBe(401);
    const again = { username: "mallory", password: PASSWORD };
    expect((await server.request("POST", "/auth/login", again)).status).toBe(401);
  });
});

describe("logging out", () => {
  it("invalidates the tokens of its session only", async () => {
    const [own, other] = [await logIn(), await logIn()];
    const { status } = await server.request("POST", "/auth/logout", undefined, own.access_token);
    expect(status).toBe(204);
    expect(await statusWith(own.access_token)).toBe(401);
    expect((await refresh(own.refresh_token)).status).toBe(401);
    expect(await statusWith(other.access_token)).toBe(200);
  });
});

it("writes no token, key or password to the log", async () => {
  const first = await logIn();
  const { body } = await refresh(first.refresh_token);
  await refresh(first.refresh_token);
  const { username, ...others } = body;
  expect(Object.keys(others).sort()).toEqual(
    ["access_token", "expires_in", "refresh_token", "session_key", "success", "user_id"].sort(),
  );
  const log = server.log.join("");
  expect(log).toContain("/auth/refresh");
  for (const token of [first.access_token, first.refresh_token, body.refresh_token]) {
    for (const part of token.split(".").slice(1)) expect(log).not.toContain(part);
  }
  for (const secret of [body.session_key, PASSWORD, "argon2"]) expect(log).not.toContain(secret);
});
