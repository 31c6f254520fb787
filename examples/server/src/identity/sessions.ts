import { randomBytes } from "node:crypto";
import { type AuthResponse, deriveSessionKey } from "lacre";
import type { Coordination } from "../coordination/coordination.js";
import type { Store } from "../database/store.js";
import { Refusal } from "../errors.js";
import { ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_SECONDS, TICKET_SECONDS } from "./lifetimes.js";
import type { TokenClaims, Tokens } from "./tokens.js";

/** A user who is in. */
export interface ActiveSession {
  readonly session_id: Uint8Array;
  readonly user_id: number;
  readonly username: string;
  /** 32 bytes that the server and this session's client share. */
  readonly session_key: Uint8Array;
  /** Unix time in seconds. */
  readonly expires_at: number;
}

/**
 * Logins. What a token says is believed as long as its session's row says so too: a logout, or a refresh token that
 * comes twice, ends all that followed from one login, at once and on every instance.
 */
export class Sessions {
  readonly #store: Store;
  readonly #tokens: Tokens;
  readonly #coordination: Coordination;
  readonly #secret: string | Uint8Array;

  constructor(
    store: Store,
    tokens: Tokens,
    coordination: Coordination,
    secret: string | Uint8Array,
  ) {
    this.#store = store;
    this.#tokens = tokens;
    this.#coordination = coordination;
    this.#secret = secret;
  }

  async open(
    { id: user_id, username }: { readonly id: number; readonly username: string },
    device_id: string | undefined,
  ): Promise<AuthResponse> {
    const [id, refresh_id] = [randomBytes(16), randomBytes(16)];
    const created_at = Date.now() / 1000;
    const expires_at = created_at + REFRESH_TOKEN_SECONDS;
    const device = { device_id: device_id ?? null };
    await this.#store.createSession({ id, user_id, ...device, created_at, expires_at, refresh_id });
    await this.#store.noteLogin(user_id, created_at);
    return this.#answer({ session_id: id, user_id, refresh_id, expires_at }, username);
  }

  /** Takes a refresh token in exchange for new tokens, once: if it comes again, somebody stole it, and the session is over. */
  async refresh(token: string): Promise<AuthResponse> {
    const claims = await this.#tokens.read("refresh", token);
    if (claims === undefined) throw notAuthenticated();
    const { username } = await this.#findOf(claims);
    const next = {
      refresh_id: randomBytes(16),
      expires_at: Date.now() / 1000 + REFRESH_TOKEN_SECONDS,
    };
    // The id as it is, not a digest of it: only with our signature around it is it a token.
    const presented = { id: claims.session_id, refresh_id: claims.refresh_id! };
    if (!(await this.#store.rotateSession(presented, next))) {
      await this.revoke(claims.session_id);
      throw notAuthenticated();
    }
    return this.#answer({ ...claims, ...next }, username);
  }

  /** The session that an access token stands for. Throws a Refusal. */
  async authenticate(token: string | undefined): Promise<ActiveSession> {
    const claims = token === undefined ? undefined : await this.#tokens.read("access", token);
    if (claims === undefined) throw notAuthenticated();
    return this.#findOf(claims);
  }

  /** Whether a session goes on. */
  async isActive(sessionId: Uint8Array): Promise<boolean> {
    return (await this.#findRow(sessionId)) !== undefined;
  }

  async revoke(sessionId: Uint8Array): Promise<void> {
    await this.#store.revokeSession(sessionId, Date.now() / 1000);
    const session_id = Buffer.from(sessionId).toString("hex");
    this.#coordination.announce({ type: "revoked", session_id });
  }

  /** What opens one WebSocket, in place of a token that would stand in an address. */
  async createTicket({ session_id }: ActiveSession) {
    const ticket = randomBytes(24).toString("base64url");
    const value = Buffer.from(session_id).toString("hex");
    await this.#coordination.keepTicket(ticket, value, TICKET_SECONDS);
    return { ticket, expires_in: TICKET_SECONDS };
  }

  /** The session that a ticket stands for, once. Throws a Refusal. */
  async redeemTicket(ticket: string): Promise<ActiveSession> {
    const value = await this.#coordination.takeTicket(ticket);
    if (value === undefined) throw notAuthenticated();
    return this.#find(new Uint8Array(Buffer.from(value, "hex")));
  }

  async #findOf({ session_id, user_id }: TokenClaims): Promise<ActiveSession> {
    const session = await this.#find(session_id);
    if (session.user_id !== user_id) throw notAuthenticated();
    return session;
  }

  async #find(id: Uint8Array): Promise<ActiveSession> {
    const session = await this.#findRow(id);
    if (session === undefined) throw notAuthenticated();
    const { user_id, username, expires_at } = session;
    const session_key = deriveSessionKey(this.#secret, id);
    return { session_id: id, user_id, username, session_key, expires_at };
  }

  async #findRow(id: Uint8Array) {
    const session = await this.#store.findSession(id);
    if (session === undefined || session.revoked_at !== null) return undefined;
    const isOver = session.expires_at <= Date.now() / 1000 || session.is_active === 0;
    return isOver ? undefined : session;
  }

  async #answer(claims: TokenClaims, username: string): Promise<AuthResponse> {
    const expires_at = Date.now() / 1000 + ACCESS_TOKEN_SECONDS;
    const { session_id, user_id } = claims;
    return {
      success: true,
      access_token: await this.#tokens.issue("access", { session_id, user_id, expires_at }),
      refresh_token: await this.#tokens.issue("refresh", claims),
      user_id,
      username,
      expires_in: ACCESS_TOKEN_SECONDS,
      session_key: deriveSessionKey(this.#secret, session_id),
    };
  }
}

function notAuthenticated(): Refusal {
  return new Refusal(
    401,
    "ERR_NOT_AUTHENTICATED",
    "the token is missing, expired, used up or not ours: log in again",
  );
}
