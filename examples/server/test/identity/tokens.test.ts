import { createHmac, createPublicKey } from "node:crypto";
import { SignJWT } from "jose";
import { AuthResponse } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDatabase } from "../../src/database/open-database.js";
import { Store } from "../../src/database/store.js";
import { rotateSigningKeys, SigningKeys } from "../../src/identity/signing-keys.js";
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
const claimsOf = (token = "") =>
  JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString());

describe("tokens", () => {
  it("are good for an hour, and for thirty days", async () => {
    const { access_token, refresh_token, expires_in } = await logIn();
    const [access, lasting] = [claimsOf(access_token), claimsOf(refresh_token)];
    expect(expires_in).toBe(3600);
    expect(access.exp - access.iat).toBe(3600);
    expect(lasting.exp - lasting.iat).toBe(30 * 24 * 3600);
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

  it("under HS256 and the public key are none", async () => {
    const { access_token = "" } = await logIn();
    const [head = "", claims] = access_token.split(".");
    const { kid } = JSON.parse(Buffer.from(head, "base64url").toString());
    const { publicKey } = (await (await SigningKeys.open(store)).find(kid))!;
    for (const secret of [
      publicKey.export({ type: "spki", format: "pem" }),
      publicKey.export({ type: "spki", format: "der" }),
    ]) {
      const header = Buffer.from(JSON.stringify({ alg: "HS256", typ: "at+jwt", kid }));
      const signed = `${header.toString("base64url")}.${claims}`;
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

describe("keys", () => {
  it("are published without what signs", async () => {
    const { keys } = await (await fetch(`${server.url}/.well-known/jwks.json`)).json();
    for (const key of keys) {
      expect(Object.keys(key).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
      expect(createPublicKey({ key, format: "jwk" }).asymmetricKeyDetails?.modulusLength).toBe(
        2048,
      );
    }
  });

  it("are rotated while everybody stays logged in", async () => {
    const before = await logIn();
    const { added, removed } = await rotateSigningKeys(store);
    expect(removed).toEqual([]);
    expect(await statusWith(before.access_token)).toBe(200);
    await server.stop();
    await server.start();
    const after = await logIn();
    const kid = (token = "") =>
      JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()).kid;
    expect([kid(after.access_token), kid(after.refresh_token)]).toEqual([added, added]);
    expect(kid(before.access_token)).not.toBe(added);
    expect((await refresh(before.refresh_token)).status).toBe(200);
  });

  it("that another instance made are found when they are needed", async () => {
    const running = await SigningKeys.open(store);
    const { added } = await rotateSigningKeys(store);
    expect(await running.find("nobody's")).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 2100));
    expect((await running.find(added))?.id).toBe(added);
  });

  it("are removed when their last token has expired, and not before", async () => {
    const now = Date.now() / 1000;
    const newest = (await store.listKeys("token-signing-key"))[0]!;
    const lastTokenEnds = newest.created_at + 30 * 24 * 3600;
    expect((await rotateSigningKeys(store, lastTokenEnds)).removed).toEqual([]);
    const kept = await store.listKeys("token-signing-key");
    const { removed } = await rotateSigningKeys(store, lastTokenEnds + 3600);
    expect(removed.length).toBeGreaterThan(0);
    expect(removed).not.toContain(kept[0]!.id);
    expect(now).toBeLessThan(lastTokenEnds);
  });

  it("of two servers that start at once on an empty database are both good", async () => {
    const other = new TestServer();
    await other.start();
    const shared = new Store(openDatabase(other.database, () => {}));
    for (const { id } of await shared.listKeys("token-signing-key")) await shared.removeKey(id);
    const [one, two] = await Promise.all([SigningKeys.open(shared), SigningKeys.open(shared)]);
    const made = await shared.listKeys("token-signing-key");
    await new Promise((resolve) => setTimeout(resolve, 2100));
    for (const { id } of made) {
      expect([(await one.find(id))?.id, (await two.find(id))?.id]).toEqual([id, id]);
    }
    await shared.close();
    await other.remove();
  });
});
