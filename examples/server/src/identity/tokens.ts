import type { KeyObject } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { CLOCK_TOLERANCE } from "./lifetimes.js";
import type { SigningKeys } from "./signing-keys.js";

const ISSUER = "lacre-server";
const AUDIENCE = "lacre";

/** Purpose of a token. A token of one kind is never valid as the other. */
export type TokenKind = "access" | "refresh";

const TYPES = { access: "at+jwt", refresh: "rt+jwt" } as const;

/** Claims of a token. */
export interface TokenClaims {
  readonly session_id: Uint8Array;
  readonly user_id: number;
  /** Id of a refresh token within its session. */
  readonly refresh_id?: Uint8Array;
  /** Unix time in seconds. */
  readonly expires_at: number;
}

/** Issues and verifies the JWTs of sessions (RFC 7519), signed with RS256. */
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

  /** Returns a token's claims. Returns undefined if it is not authentic, not of this kind, or expired. */
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
      // Do not reveal why a token is invalid; let database errors propagate.
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
