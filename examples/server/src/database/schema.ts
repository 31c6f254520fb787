import type { Generated, Selectable } from "kysely";

// Times are Unix time in seconds, and flags are 0 or 1, so that both databases have the same types.

export interface UserTable {
  id: Generated<number>;
  uuid: string;
  username: string;
  /** Case-folded name, for comparison and search. */
  username_key: string;
  email: string | null;
  hashed_password: string;
  is_active: Generated<number>;
  created_at: number;
  last_login: number | null;
}

/** Visual forms of usernames (UTS #39). Each form belongs to one user only. */
export interface UsernameLookTable {
  look: string;
  user_id: number;
}

/** Parameters from which clients derive a chat's key. */
export interface ChatParameters {
  salt: Uint8Array;
  iterations: number;
  key_check: Uint8Array;
}

export interface ChatTable {
  id: Generated<number>;
  chat_uuid: string;
  /** The smaller of the two members' ids. */
  user1_id: number;
  user2_id: number;
  created_by: number;
  encryption_type: string;
  auto_delete_hours: number | null;
  /** Messages with a `stored_at` up to this time stay deleted when the setting changes. Null if the setting was never on. */
  expired_until: number | null;
  /** User that last set `auto_delete_hours`, the time, and the chat's last seq at that time. */
  auto_delete_set_by: number | null;
  auto_delete_set_at: number | null;
  auto_delete_set_after: number | null;
  /** Key parameters: all three are set together, once. */
  salt: Uint8Array | null;
  iterations: number | null;
  key_check: Uint8Array | null;
  last_seq: Generated<number>;
  /** Time at which the member who did not create the chat accepted it. Null while the chat is a request. */
  accepted_at: number | null;
  /** Time at which each member blocked the other. Null if not blocked. */
  user1_blocked_at: number | null;
  user2_blocked_at: number | null;
  /** Watermarks: seq up to which each member has read and received the other's messages. */
  user1_read: Generated<number>;
  user2_read: Generated<number>;
  user1_delivered: Generated<number>;
  user2_delivered: Generated<number>;
  created_at: number;
}

/** Rows remain after the content is deleted, so that client ids stay known and seqs stay taken. */
export interface MessageTable {
  id: Generated<number>;
  chat_id: number;
  sender_id: number;
  seq: number;
  client_id: string | null;
  /** Null after the message is deleted. */
  encrypted_content: Uint8Array | null;
  nonce: Uint8Array;
  /** Time of the sender's clock, authenticated with the content. Expiry uses `stored_at`, the server's clock. */
  timestamp: number;
  stored_at: number;
  /** Digest that distinguishes a repeated message from a different one with the same client id. */
  digest: Uint8Array;
}

/** Total stored bytes of a user's messages, maintained by triggers on `messages`. No row if the user never sent one. */
export interface StoredBytesTable {
  user_id: number;
  bytes: number;
}

/** One login of one user, with the family of refresh tokens issued from it. */
export interface SessionTable {
  id: Uint8Array;
  user_id: number;
  device_id: string | null;
  created_at: number;
  expires_at: number;
  /** Id of the currently valid refresh token. */
  refresh_id: Uint8Array;
  /** Id of the previous refresh token, and the time at which the client used it. */
  previous_refresh_id: Uint8Array | null;
  rotated_at: number | null;
  revoked_at: number | null;
}

export interface ServerKeyTable {
  /** The `kid` of a token-signing key; otherwise equal to the purpose. */
  id: string;
  /** The `health` row has no key: health checks write to it. */
  purpose: "session-secret" | "token-signing-key" | "health";
  material: Uint8Array;
  created_at: number;
}

export interface Schema {
  users: UserTable;
  username_looks: UsernameLookTable;
  chats: ChatTable;
  messages: MessageTable;
  stored_bytes: StoredBytesTable;
  sessions: SessionTable;
  server_keys: ServerKeyTable;
}

export type User = Selectable<UserTable>;
export type Chat = Selectable<ChatTable>;
export type StoredMessage = Selectable<MessageTable>;
export type Session = Selectable<SessionTable>;
export type ServerKey = Selectable<ServerKeyTable>;
