import type { Selectable } from "kysely";
import type { Schema } from "../../src/database/schema.js";

/** `?` marks nullable columns. An `id` is a number that the database assigns. A `key` is text that is compared by code point. */
export type ColumnNotation =
  | "id"
  | `${"text" | "key" | "bytes" | "bigint"} primary`
  | `${"text" | "key" | "bytes" | "bigint" | "integer" | "double precision"}${"" | "?"}`
  | `${"bigint" | "integer"} = ${number}`;

type NotationOf<Value> = null extends Value
  ? Extract<BasicNotation<NonNullable<Value>>, `${string}?`>
  : Exclude<BasicNotation<Value>, `${string}?`>;

type BasicNotation<Value> = Value extends number
  ? Exclude<ColumnNotation, `${"text" | "key" | "bytes"}${string}`>
  : Value extends string
    ? Extract<ColumnNotation, `${"text" | "key"}${string}`>
    : Extract<ColumnNotation, `bytes${string}`>;

/** Declaration of a table. Lists of columns are written as in SQL: "chat_id, seq". */
export interface TableDeclaration<Columns = Record<string, ColumnNotation>> {
  readonly columns: Readonly<Columns>;
  readonly uniques?: readonly string[];
  /** Columns of each index by its name, with a condition if the index is partial. */
  readonly indices?: Readonly<Record<string, string>>;
  /** The referenced table of each foreign key column. */
  readonly references?: Readonly<Record<string, keyof Schema>>;
}

type ColumnsOf<Row> = { [Column in keyof Row]: NotationOf<Row[Column]> };

/** The schema with which `db:diff` compares a database. The compiler checks names and nullability against schema.ts. */
export const declaredSchema: {
  readonly [Name in keyof Schema]: TableDeclaration<ColumnsOf<Selectable<Schema[Name]>>>;
} = {
  users: {
    columns: {
      id: "id",
      uuid: "text",
      username: "text",
      username_key: "key",
      email: "text?",
      hashed_password: "text",
      is_active: "integer = 1",
      created_at: "double precision",
      last_login: "double precision?",
    },
    uniques: ["uuid", "username_key"],
    indices: { users_active: "username_key where is_active = 1" },
  },
  username_looks: {
    columns: { look: "text primary", user_id: "bigint" },
    references: { user_id: "users" },
  },
  chats: {
    columns: {
      id: "id",
      chat_uuid: "text",
      user1_id: "bigint",
      user2_id: "bigint",
      created_by: "bigint",
      encryption_type: "text",
      auto_delete_hours: "bigint?",
      salt: "bytes?",
      iterations: "integer?",
      key_check: "bytes?",
      last_seq: "bigint = 0",
      created_at: "double precision",
      expired_until: "double precision?",
      auto_delete_set_by: "bigint?",
      auto_delete_set_at: "double precision?",
      auto_delete_set_after: "bigint?",
      accepted_at: "double precision?",
      user1_blocked_at: "double precision?",
      user2_blocked_at: "double precision?",
      user1_read: "bigint = 0",
      user2_read: "bigint = 0",
      user1_delivered: "bigint = 0",
      user2_delivered: "bigint = 0",
    },
    uniques: ["chat_uuid", "user1_id, user2_id"],
    indices: {
      chats_user2: "user2_id",
      chats_created_by: "created_by",
      chats_expiring: "id where expired_until is not null",
    },
    references: {
      user1_id: "users",
      user2_id: "users",
      created_by: "users",
      auto_delete_set_by: "users",
    },
  },
  messages: {
    columns: {
      id: "id",
      chat_id: "bigint",
      sender_id: "bigint",
      seq: "bigint",
      client_id: "text?",
      encrypted_content: "bytes?",
      nonce: "bytes",
      timestamp: "double precision",
      stored_at: "double precision",
      digest: "bytes",
    },
    uniques: ["chat_id, seq", "chat_id, sender_id, client_id"],
    indices: {
      messages_kept: "chat_id, seq, stored_at where encrypted_content is not null",
      messages_kept_by_sender:
        "chat_id, sender_id, seq, stored_at where encrypted_content is not null",
      messages_expiring: "chat_id, stored_at where encrypted_content is not null",
    },
    references: { chat_id: "chats", sender_id: "users" },
  },
  stored_bytes: {
    columns: { user_id: "bigint primary", bytes: "bigint" },
    references: { user_id: "users" },
  },
  sessions: {
    columns: {
      id: "bytes primary",
      user_id: "bigint",
      device_id: "text?",
      created_at: "double precision",
      expires_at: "double precision",
      refresh_id: "bytes",
      previous_refresh_id: "bytes?",
      rotated_at: "double precision?",
      revoked_at: "double precision?",
    },
    indices: { sessions_expiring: "expires_at", sessions_devices: "user_id, device_id" },
    references: { user_id: "users" },
  },
  server_keys: {
    columns: {
      id: "text primary",
      purpose: "text",
      material: "bytes",
      created_at: "double precision",
    },
    indices: { server_keys_purpose: "purpose" },
  },
};
