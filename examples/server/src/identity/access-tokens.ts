import { createPublicKey, type KeyObject } from "node:crypto";
import { jwtVerify, SignJWT } from "jose";

const ISSUER = "lacre-server";
const AUDIENCE = "lacre";
const TYPE = "at+jwt";

/** Signs and checks the JWTs that name a session. What a token says is RS256 under our own key, or it says nothing. */
export class AccessTokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;

  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
  }

  /** `expiresAt` is Unix time in seconds. */
  issue(sessionId: Uint8Array, userId: number, expiresAt: number): Promise<string> {
    return new SignJWT({ sid: Buffer.from(sessionId).toString("base64url") })
      .setProtectedHeader({ alg: "RS256", typ: TYPE })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(String(userId))
      .setIssuedAt()
      .setExpirationTime(Math.floor(expiresAt))
      .sign(this.#privateKey);
  }

  /** The session's id, or undefined for a token that is not ours or not valid any more. */
  async sessionIdOf(token: string): Promise<Uint8Array | undefined> {
    try {
      const { payload } = await jwtVerify(token, this.#publicKey, {
        algorithms: ["RS256"],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPE,
        requiredClaims: ["sid", "sub", "exp"],
      });
      return typeof payload.sid === "string" ? Buffer.from(payload.sid, "base64url") : undefined;
    } catch {
      return undefined;
    }
  }
}
