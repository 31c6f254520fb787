import type { KeyObject } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { CLOCK_TOLERANCE } from "./lifetimes.js";
import type { SigningKeys } from "./signing-keys.js";

const ISSUER = "lacre-server";
const AUDIENCE = "lacre";

/** What a token is for. One of one kind is never taken for one of another. */
export type TokenKind = "access" | "refresh";

const TYPES = { access: "at+jwt", refresh: "rt+jwt" } as const;

/** What a token says. */
export interface TokenClaims {
  readonly session_id: Uint8Array;
  readonly user_id: number;
  /** Of a refresh token: which one of its session's it is. */
  readonly refresh_id?: Uint8Array;
  /** Unix time in seconds. */
  readonly expires_at: number;
}

/** Makes and checks the JWTs that name a session (RFC 7519): RS256 under a key of our own set, or they say nothing. */
export class Tokens {
  readonly #keys: SigningKeys;

  constructor(keys: SigningKeys) {
    this.#keys = keys;
  }

  async issue(
    kind: TokenKind,
    { session_id, user_id, refresh_id, expires_at }: TokenClaims,
  ): Promise<string> {
    const { id: kid, privateKey } = await this.#keys.current();
    return new SignJWT({
      sid: toText(session_id),
      ...(refresh_id !== undefined && { jti: toText(refresh_id) }),
    })
      .setProtectedHeader({ alg: "RS256", typ: TYPES[kind], kid })
      .setIssuer(ISSUER)
      .setAudience(AUDIENCE)
      .setSubject(String(user_id))
      .setIssuedAt()
      .setExpirationTime(Math.floor(expires_at))
      .sign(privateKey);
  }

  /** What a token says; undefined for one that is not ours, not of this kind, or not valid any more. */
  async read(kind: TokenKind, token: string): Promise<TokenClaims | undefined> {
    try {
      const { payload } = await jwtVerify(token, ({ kid }) => this.#publicKey(kid), {
        algorithms: ["RS256"],
        issuer: ISSUER,
        audience: AUDIENCE,
        typ: TYPES[kind],
        clockTolerance: CLOCK_TOLERANCE,
        requiredClaims: ["sid", "sub", "exp", ...(kind === "refresh" ? ["jti"] : [])],
      });
      return {
        session_id: toBytes(payload.sid),
        user_id: Number(payload.sub),
        ...(kind === "refresh" && { refresh_id: toBytes(payload.jti) }),
        expires_at: payload.exp!,
      };
    } catch (error) {
      // What is wrong with a token is nobody's business; what is wrong with the database is.
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  async #publicKey(kid: string | undefined): Promise<KeyObject> {
    const key = kid === undefined ? undefined : await this.#keys.find(kid);
    if (key === undefined) throw new errors.JWKSNoMatchingKey();
    return key.publicKey;
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}

function toBytes(text: unknown): Uint8Array {
  if (typeof text !== "string") throw new errors.JWTInvalid("not text");
  return new Uint8Array(Buffer.from(text, "base64url"));
}
