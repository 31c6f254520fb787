import type { Generated, Selectable } from "kysely";

// Times are Unix time in seconds, flags are 0 or 1: both databases have these alike.

export interface UserTable {
  id: Generated<number>;
  uuid: string;
  username: string;
  /** The name as it is compared and searched for: without case. */
  username_key: string;
  email: string | null;
  hashed_password: string;
  is_active: Generated<number>;
  created_at: number;
  last_login: number | null;
}

/** What users' names look like: no look belongs to two of them. */
export interface UsernameLookTable {
  look: string;
  user_id: number;
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
  /** These three are set together, once. */
  salt: Uint8Array | null;
  iterations: number | null;
  key_check: Uint8Array | null;
  last_seq: Generated<number>;
  created_at: number;
}

/** A row outlives its content: a client id is known again, and a seq is taken, when the message is deleted. */
export interface MessageTable {
  id: Generated<number>;
  chat_id: number;
  sender_id: number;
  seq: number;
  client_id: string | null;
  /** Null when the message is deleted. */
  encrypted_content: Uint8Array | null;
  nonce: Uint8Array;
  /** The sender's word, bound to the content; `stored_at` is ours. */
  timestamp: number;
  stored_at: number;
  /** When the message is deleted. */
  delete_at: number | null;
  /** What tells the same body, sent again, from another one under the same client id. */
  digest: Uint8Array;
  is_read: Generated<number>;
  delivered: Generated<number>;
}

/** One login of one user: the family of all refresh tokens that follow from it. */
export interface SessionTable {
  id: Uint8Array;
  user_id: number;
  device_id: string | null;
  created_at: number;
  expires_at: number;
  /** Of the one refresh token that is good now. */
  refresh_id: Uint8Array;
  revoked_at: number | null;
}

export interface ServerKeyTable {
  /** Of a token-signing key the `kid`; of the session secret its purpose. */
  id: string;
  purpose: "session-secret" | "token-signing-key";
  material: Uint8Array;
  created_at: number;
}

export interface Schema {
  users: UserTable;
  username_looks: UsernameLookTable;
  chats: ChatTable;
  messages: MessageTable;
  sessions: SessionTable;
  server_keys: ServerKeyTable;
}

export type User = Selectable<UserTable>;
export type Chat = Selectable<ChatTable>;
export type StoredMessage = Selectable<MessageTable>;
export type Session = Selectable<SessionTable>;
export type ServerKey = Selectable<ServerKeyTable>;
