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
  it("are good for an hour, and for thirty days", async () => {
    const { access_token, refresh_token, expires_in } = await logIn();
    const [access, lasting] = [claimsOf(access_token), claimsOf(refresh_token)];
    expect(expires_in).toBe(3600);
    // The clock may have gone on by a second between the two times of a token.
    expect(Math.abs(access.exp - access.iat - 3600)).toBeLessThanOrEqual(1);
    expect(Math.abs(lasting.exp - lasting.iat - 30 * 24 * 3600)).toBeLessThanOrEqual(1);
    expect(access.sid).toBe(lasting.sid);
  });

  it("are of one kind, one issuer, one audience and one time, under our key alone", async () => {
    const { access_token = "", refresh_token } = await logIn();
    const { id: kid, privateKey } = await (await SigningKeys.open(store)).current();
    const claims = claimsOf(access_token);
    const signed = (changes: object, header: object = {}) =>
      new SignJWT({ ...claims, ...changes })
        .setProtectedHeader({ alg: "RS256", typ: "at+jwt", kid, ...header })
        .sign(privateKey);
    expect(await statusWith(await signed({}))).toBe(200);
    const forged = {
      "of another issuer": await signed({ iss: "x" }),
      "for another audience": await signed({ aud: "x" }),
      "of another type": await signed({}, { typ: "JWT" }),
      expired: await signed({ exp: Math.floor(Date.now() / 1000) - 60 }),
      "without an end": await signed({ exp: undefined }),
      "of a session that is not": await signed({ sid: Buffer.alloc(16, 1).toString("base64url") }),
      "of another user's session": await signed({ sub: "2" }),
      "of a short session id": await signed({ sid: "AAAA" }),
      "of a session that is no text": await signed({ sid: 7 }),
      "without a kid": await signed({}, { kid: undefined }),
      "of the other kind": refresh_token,
    };
    for (const [what, token] of Object.entries(forged)) {
      expect([what, await statusWith(token)]).toEqual([what, 401]);
    }
    expect((await refresh(access_token)).status).toBe(401);
  });

  it("bring no key of their own, and are always signed", async () => {
    const { access_token = "" } = await logIn();
    const [head, claims, signature] = access_token.split(".");
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const jwk = await exportJWK(publicKey);
    const x5c = [publicKey.export({ type: "spki", format: "der" }).toString("base64")];
    const jku = `${server.url}/.well-known/jwks.json`;
    const theirs = (header: object) =>
      new SignJWT(decode(claims))
        .setProtectedHeader({ ...decode(head), ...header })
        .sign(privateKey);
    const unsigned = encode({ ...decode(head), alg: "none" });
    const forged = {
      "under their key and our kid": await theirs({}),
      "under a kid of their own": await theirs({ kid: "theirs" }),
      "with their jwk": await theirs({ jwk }),
      "with their jwk alone": await theirs({ jwk, kid: undefined }),
      "with their certificate": await theirs({ x5c, kid: undefined }),
      "with an address of keys": await theirs({ jku, kid: "theirs" }),
      unsigned: `${unsigned}.${claims}.`,
      "unsigned, with a signature": `${unsigned}.${claims}.${signature}`,
      "of another's claims": `${head}.${encode({ ...decode(claims), sub: "2" })}.${signature}`,
      "that asks for what nobody knows": `${encode({ ...decode(head), crit: ["x"], x: 1 })}.${claims}.${signature}`,
      garbage: "no-token",
    };
    for (const [what, token] of Object.entries(forged)) {
      expect([what, await statusWith(token)]).toEqual([what, 401]);
    }
    expect(await statusWith(access_token)).toBe(200);
  });

  it("under HS256 and the public key are none", async () => {
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
  it("is good once, and brings tokens of the same session and key", async () => {
    const first = await logIn();
    const { status, body } = await refresh(first.refresh_token);
    const second = AuthResponse.parse(body);
    expect(status).toBe(200);
    expect(second.session_key).toEqual(first.session_key);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect(await statusWith(second.access_token)).toBe(200);
    expect((await refresh(second.refresh_token)).status).toBe(200);
  });

  it("that comes twice ends everything that followed from its login", async () => {
    const first = await logIn();
    const elsewhere = await logIn();
    const second = AuthResponse.parse((await refresh(first.refresh_token)).body);
    expect((await refresh(first.refresh_token)).status).toBe(401);
    expect((await refresh(second.refresh_token)).status).toBe(401);
    expect(await statusWith(second.access_token)).toBe(401);
    expect(await statusWith(elsewhere.access_token)).toBe(200);
  });

  it("that comes many times at once is taken once at most", async () => {
    for (let round = 0; round < 5; round++) {
      const { refresh_token } = await logIn();
      const answers = await Promise.all(Array.from({ length: 8 }, () => refresh(refresh_token)));
      const taken = answers.filter(({ status }) => status === 200);
      expect(taken).toHaveLength(1);
      expect((await refresh(AuthResponse.parse(taken[0]!.body).refresh_token)).status).toBe(401);
    }
  });

  it("of a user who was shut out is none", async () => {
    await server.register("mallory");
    const { refresh_token, access_token } = await logIn("mallory");
    const { id } = (await store.findUserByKey("mallory"))!;
    await store.setActive(id, false);
    expect(await statusWith(access_token)).toBe(401);
    expect((await refresh(refresh_token)).status).toBe(401);
    const again = { username: "mallory", password: PASSWORD };
    expect((await server.request("POST", "/auth/login", again)).status).toBe(401);
  });
});

describe("logging out", () => {
  it("ends the session's tokens at once, and no other's", async () => {
    const [here, there] = [await logIn(), await logIn()];
    const { status } = await server.request("POST", "/auth/logout", undefined, here.access_token);
    expect(status).toBe(204);
    expect(await statusWith(here.access_token)).toBe(401);
    expect((await refresh(here.refresh_token)).status).toBe(401);
    expect(await statusWith(there.access_token)).toBe(200);
  });
});

it("neither the log nor an answer has more of a secret than its owner gets", async () => {
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
