import { createHmac, createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { exportJWK, SignJWT } from "jose";
import { AuthResponse } from "lacre";
import { SigningKeys } from "../../src/identity/signing-keys.js";
import { Tokens } from "../../src/identity/tokens.js";
import { PASSWORD, type TestServer, type TestUser } from "../support.js";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString());

/** Returns invalid tokens with the claims of a valid token of this user. */
export async function forgedTokens(
  server: TestServer,
  user: TestUser,
): Promise<Record<string, string>> {
  const [head = "", claims = "", signature = ""] = user.token.split(".");
  const header = decode(head);
  const payload = decode(claims);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const signed = (changes: object) =>
    new SignJWT(payload).setProtectedHeader({ ...header, ...changes }).sign(privateKey);

  const { keys } = (await (await server.fetch("/.well-known/jwks.json")).json()) as {
    keys: { kid: string }[];
  };
  const jwk = keys.find(({ kid }) => kid === header.kid)!;
  const pem = createPublicKey({ key: jwk, format: "jwk" }).export({ type: "spki", format: "pem" });
  const signedInput = `${encode({ ...header, alg: "HS256" })}.${claims}`;

  const { body } = await server.request("POST", "/auth/login", {
    username: payload.username ?? (await user.get("/users/me")).body.username,
    password: PASSWORD,
  });
  const revoked = AuthResponse.parse(body);
  await server.request("POST", "/auth/logout", undefined, revoked.access_token);

  const expired = await server.withStore(async (store) => {
    const expires_at = Date.now() / 1000 - 60;
    const session_id = new Uint8Array(Buffer.from(payload.sid, "base64url"));
    return new Tokens(await SigningKeys.open(store)).issue("access", {
      session_id,
      user_id: user.id,
      expires_at,
    });
  });

  return {
    expired,
    revoked: revoked.access_token!,
    refresh: revoked.refresh_token!,
    "alg none": `${encode({ ...header, alg: "none" })}.${claims}.`,
    "HS256 with the public key": `${signedInput}.${createHmac("sha256", pem).update(signedInput).digest("base64url")}`,
    "an unknown kid": await signed({ kid: randomBytes(8).toString("hex") }),
    "another key with our kid": await signed({}),
    "an embedded key": await signed({ jwk: await exportJWK(publicKey) }),
    "other claims": `${head}.${encode({ ...payload, sub: "1", exp: payload.exp + 1 })}.${signature}`,
    garbage: "not-a-token",
  };
}
