import { randomBytes } from "node:crypto";
import { type AuthResponse, deriveSessionKey } from "lacre";
import type { Store } from "../database/store.js";
import { Refusal } from "../errors.js";
import type { AccessTokens } from "./access-tokens.js";

const LIFETIME_SECONDS = 30 * 24 * 3600;

/** A user who is in. */
export interface ActiveSession {
  readonly user_id: number;
  readonly username: string;
  /** 32 bytes that the server and this session's client share. */
  readonly session_key: Uint8Array;
}

export class Sessions {
  readonly #store: Store;
  readonly #tokens: AccessTokens;
  readonly #secret: string | Uint8Array;

  constructor(store: Store, tokens: AccessTokens, secret: string | Uint8Array) {
    this.#store = store;
    this.#tokens = tokens;
    this.#secret = secret;
  }

  async open({ id: user_id, username }: { id: number; username: string }): Promise<AuthResponse> {
    const id = randomBytes(16);
    const created_at = Date.now() / 1000;
    const expires_at = created_at + LIFETIME_SECONDS;
    const refresh_id = randomBytes(16);
    await this.#store.createSession({ id, user_id, created_at, expires_at, refresh_id });
    return {
      success: true,
      access_token: await this.#tokens.issue(id, user_id, expires_at),
      user_id,
      username,
      expires_in: LIFETIME_SECONDS,
      session_key: deriveSessionKey(this.#secret, id),
    };
  }

  /** The session that a token stands for. Throws a Refusal. */
  async authenticate(token: string | undefined): Promise<ActiveSession> {
    const id = token === undefined ? undefined : await this.#tokens.sessionIdOf(token);
    // That its key can be derived again proves nothing: a session lives as long as its row.
    const session = id && (await this.#store.findSession(id));
    if (!session || session.expires_at <= Date.now() / 1000) {
      throw new Refusal(
        401,
        "ERR_NOT_AUTHENTICATED",
        "the access token is missing, expired or not ours: log in again",
      );
    }
    const { user_id, username } = session;
    return { user_id, username, session_key: deriveSessionKey(this.#secret, session.id) };
  }
}
