import type { Generated, Selectable } from "kysely";

export interface UserTable {
  id: Generated<number>;
  username: string;
  /** The name as it is compared: two users never have names that differ in case or form alone. */
  username_key: string;
  hashed_password: string;
  created_at: number;
}

export interface ChatTable {
  id: Generated<number>;
  /** The smaller of the two members' ids. */
  user1_id: number;
  user2_id: number;
  encryption_type: string;
  salt: Uint8Array;
  iterations: number;
  key_check: Uint8Array;
  last_seq: Generated<number>;
  created_at: number;
}

export interface MessageTable {
  id: Generated<number>;
  chat_id: number;
  sender_id: number;
  seq: number;
  client_id: string | null;
  encrypted_content: Uint8Array;
  nonce: Uint8Array;
  /** The sender's word, bound to the content; `stored_at` is ours. */
  timestamp: number;
  stored_at: number;
  /** What tells the same body, sent again, from another one under the same client id. */
  digest: Uint8Array;
  is_read: Generated<number>;
  delivered: Generated<number>;
}

export interface SessionTable {
  id: Uint8Array;
  user_id: number;
  created_at: number;
  expires_at: number;
}

export interface ServerKeyTable {
  purpose: "session-secret" | "token-signing-key";
  material: Uint8Array;
  created_at: number;
}

export interface Schema {
  users: UserTable;
  chats: ChatTable;
  messages: MessageTable;
  sessions: SessionTable;
  server_keys: ServerKeyTable;
}

export type User = Selectable<UserTable>;
export type Chat = Selectable<ChatTable>;
export type StoredMessage = Selectable<MessageTable>;
export type Session = Selectable<SessionTable>;
