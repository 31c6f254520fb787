import type { Selectable } from "kysely";
import type { Schema } from "../../src/database/schema.js";

/** `?` is for what may be null. An `id` is a number that the database gives; a `key` is text that is compared by code point. */
export type ColumnNotation =
  | "id"
  | `${"text" | "key" | "bytes"} primary`
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

/** A table as it is meant to be. Columns stand in lists as SQL has them: "chat_id, seq". */
export interface TableDeclaration<Columns = Record<string, ColumnNotation>> {
  readonly columns: Readonly<Columns>;
  readonly uniques?: readonly string[];
  /** By their names; with a condition, if not all rows are in it. */
  readonly indices?: Readonly<Record<string, string>>;
  /** The tables whose ids are in a column. */
  readonly references?: Readonly<Record<string, keyof Schema>>;
}

type ColumnsOf<Row> = { [Column in keyof Row]: NotationOf<Row[Column]> };

/** What `db:diff` compares a database with. Types, defaults and indices stand here; the names and what may be null are held to schema.ts. */
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
    },
    uniques: ["chat_uuid", "user1_id, user2_id"],
    indices: { chats_user2: "user2_id" },
    references: { user1_id: "users", user2_id: "users", created_by: "users" },
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
      delete_at: "double precision?",
      digest: "bytes",
      is_read: "integer = 0",
      delivered: "integer = 0",
    },
    uniques: ["chat_id, seq", "chat_id, sender_id, client_id"],
    indices: {
      messages_unread: "chat_id, sender_id, seq, delete_at where is_read = 0",
      messages_undelivered: "chat_id, sender_id, seq where delivered = 0",
      messages_expiring: "delete_at where delete_at is not null and encrypted_content is not null",
    },
    references: { chat_id: "chats", sender_id: "users" },
  },
  sessions: {
    columns: {
      id: "bytes primary",
      user_id: "bigint",
      device_id: "text?",
      created_at: "double precision",
      expires_at: "double precision",
      refresh_id: "bytes",
      revoked_at: "double precision?",
    },
    indices: { sessions_expiring: "expires_at" },
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
