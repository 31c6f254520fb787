import { randomBytes } from "node:crypto";
import { type AuthResponse, deriveSessionKey } from "lacre";
import type { Coordination } from "../coordination/coordination.js";
import type { Session } from "../database/schema.js";
import type { Store } from "../database/store.js";
import { HttpError } from "../errors.js";
import {
  ACCESS_TOKEN_SECONDS,
  REFRESH_GRACE_SECONDS,
  REFRESH_TOKEN_SECONDS,
  TICKET_SECONDS,
} from "./lifetimes.js";
import type { TokenClaims, Tokens } from "./tokens.js";

/** A valid session and its user. */
export interface ActiveSession {
  readonly session_id: Uint8Array;
  readonly user_id: number;
  readonly username: string;
  /** 32-byte key that the server shares with the session's client. */
  readonly session_key: Uint8Array;
  /** Unix time in seconds. */
  readonly expires_at: number;
  /** Id of the user's device to which the session belongs. Null until the session shows that. */
  readonly device: string | null;
}

/**
 * Manages sessions. A token is valid only while its session's row is. A logout or a reused refresh token immediately ends
 * all tokens and connections of one login on every instance.
 */
export class Sessions {
  readonly #store: Store;
  readonly #tokens: Tokens;
  readonly #coordination: Coordination;
  readonly #secret: string | Uint8Array;
  readonly #maxSessions: number;

  /** `maxSessions` is the maximum per user: a login beyond it ends the least recently refreshed session. */
  constructor(
    store: Store,
    tokens: Tokens,
    coordination: Coordination,
    { secret, maxSessions }: { readonly secret: string | Uint8Array; readonly maxSessions: number },
  ) {
    this.#store = store;
    this.#tokens = tokens;
    this.#coordination = coordination;
    this.#secret = secret;
    this.#maxSessions = maxSessions;
  }

  async open(
    { id: user_id, username }: { readonly id: number; readonly username: string },
    device_id: string | undefined,
  ): Promise<AuthResponse> {
    const [id, refresh_id] = [randomBytes(16), randomBytes(16)];
    const created_at = Date.now() / 1000;
    const expires_at = created_at + REFRESH_TOKEN_SECONDS;
    const session = { id, user_id, device_id: device_id ?? null, created_at, expires_at };
    await this.#store.sessions.create({ ...session, refresh_id });
    await this.#store.users.noteLogin(user_id, created_at);
    await this.#endBeyondQuota({ id, user_id });
    return this.#answer({ session_id: id, user_id, refresh_id, expires_at }, username);
  }

  /**
   * Exchanges a refresh token for new tokens. A reused token ends the session, because it may be stolen. Exception: the
   * device of the login may repeat the request for 30 seconds, in case the answer was lost. It then receives the same
   * refresh token.
   *
   * @throws {HttpError} if the token is invalid or reused.
   */
  async refresh(token: string, device_id?: string): Promise<AuthResponse> {
    const claims = await this.#tokens.read("refresh", token);
    if (claims === undefined) throw notAuthenticated();
    const { username } = await this.#findOf(claims);
    const rotated_at = Date.now() / 1000;
    const expires_at = rotated_at + REFRESH_TOKEN_SECONDS;
    const next = { refresh_id: randomBytes(16), expires_at, rotated_at };
    // The id needs no hash in the database: it is a token only together with the server's signature.
    const presented = { id: claims.session_id, refresh_id: claims.refresh_id! };
    if (await this.#store.sessions.rotate(presented, next)) {
      return this.#answer({ ...claims, ...next }, username);
    }
    const session = await this.#findRow(claims.session_id);
    if (session !== undefined && isRepeated(session, presented.refresh_id, device_id)) {
      const { refresh_id, expires_at } = session;
      return this.#answer({ ...claims, refresh_id, expires_at }, username);
    }
    await this.revoke(claims.session_id);
    throw notAuthenticated();
  }

  /**
   * Returns the session of an access token.
   *
   * @throws {HttpError} if the token or its session is not valid.
   */
  async authenticate(token: string | undefined): Promise<ActiveSession> {
    const claims = token === undefined ? undefined : await this.#tokens.read("access", token);
    if (claims === undefined) throw notAuthenticated();
    return this.#findOf(claims);
  }

  /** Whether a session exists and is neither expired nor revoked. */
  async isActive(sessionId: Uint8Array): Promise<boolean> {
    return (await this.#findRow(sessionId)) !== undefined;
  }

  async revoke(sessionId: Uint8Array): Promise<void> {
    await this.#store.sessions.revoke(sessionId, Date.now() / 1000);
    this.publishEnd([sessionId]);
  }

  /** Makes all instances close the connections of sessions that ended. */
  publishEnd(sessionIds: readonly Uint8Array[]): void {
    for (const id of sessionIds) {
      const session_id = Buffer.from(id).toString("hex");
      this.#coordination.publish({ type: "revoked", session_id });
    }
  }

  /** Creates a one-use ticket to open a WebSocket, so that no token appears in its URL. */
  async createTicket({ session_id }: ActiveSession) {
    const ticket = randomBytes(24).toString("base64url");
    const value = Buffer.from(session_id).toString("hex");
    await this.#coordination.keepTicket(ticket, value, TICKET_SECONDS);
    return { ticket, expires_in: TICKET_SECONDS };
  }

  /**
   * Redeems a one-use ticket and returns its session.
   *
   * @throws {HttpError} if the ticket is unknown, expired or used, or its session has ended.
   */
  async redeemTicket(ticket: string): Promise<ActiveSession> {
    const value = await this.#coordination.takeTicket(ticket);
    if (value === undefined) throw notAuthenticated();
    return this.#find(new Uint8Array(Buffer.from(value, "hex")));
  }

  async #endBeyondQuota(begun: Pick<Session, "id" | "user_id">): Promise<void> {
    this.publishEnd(await this.#store.sessions.deleteBeyond(begun, this.#maxSessions));
  }

  async #findOf({ session_id, user_id }: TokenClaims): Promise<ActiveSession> {
    const session = await this.#find(session_id);
    if (session.user_id !== user_id) throw notAuthenticated();
    return session;
  }

  async #find(id: Uint8Array): Promise<ActiveSession> {
    const session = await this.#findRow(id);
    if (session === undefined) throw notAuthenticated();
    const { user_id, username, expires_at, device } = session;
    const session_key = deriveSessionKey(this.#secret, id);
    return { session_id: id, user_id, username, session_key, expires_at, device };
  }

  async #findRow(id: Uint8Array) {
    const session = await this.#store.sessions.find(id);
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

/** Whether the session's own device repeats the previous refresh token within the grace period. */
function isRepeated(
  session: Session,
  refresh_id: Uint8Array,
  device_id: string | undefined,
): boolean {
  const { previous_refresh_id, rotated_at } = session;
  if (previous_refresh_id === null || rotated_at === null) return false;
  const age = Date.now() / 1000 - rotated_at;
  return (
    device_id !== undefined &&
    device_id === session.device_id &&
    Buffer.compare(previous_refresh_id, refresh_id) === 0 &&
    // The clocks of two instances may differ.
    Math.abs(age) <= REFRESH_GRACE_SECONDS
  );
}

function notAuthenticated(): HttpError {
  return new HttpError(
    401,
    "ERR_NOT_AUTHENTICATED",
    "the token is missing, invalid, expired or already used: log in again",
  );
}
