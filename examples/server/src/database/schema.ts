import type { Generated, Selectable } from "kysely";

/** TypeScript types of the column types. Times are Unix time in seconds, and flags are 0 or 1, in both databases. */
interface Values {
  text: string;
  /** Text that is compared by code point. */
  key: string;
  bytes: Uint8Array;
  bigint: number;
  integer: number;
  "double precision": number;
}

/** Type of a column, such as "text?" if it is nullable or "bigint = 0" if it has a default. The database assigns an "id". */
export type ColumnNotation =
  | "id"
  | `${keyof Values}${"" | "?" | " primary"}`
  | `${"bigint" | "integer"} = ${number}`;

/** Declaration of a table. Lists of columns are written as in SQL: "chat_id, seq". */
export interface TableDeclaration<TableName = string> {
  readonly columns: Readonly<Record<string, ColumnNotation>>;
  readonly uniques?: readonly string[];
  /** Columns of each index by its name, with a condition if the index is partial. */
  readonly indices?: Readonly<Record<string, string>>;
  /** The referenced table of each foreign key column. */
  readonly references?: Readonly<Record<string, TableName>>;
  /** Names of the triggers. Their code differs between the databases: see the migrations. */
  readonly triggers?: readonly string[];
}

/** The schema after all migrations. The types of rows derive from it, and `db:diff` compares a database with it. */
export const tables = {
  users: {
    columns: {
      id: "id",
      uuid: "text",
      username: "text",
      /** Case-folded name, for comparison and search. */
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
  /** Visual forms of usernames (UTS #39). Each form belongs to one user only. */
  username_looks: {
    columns: { look: "text primary", user_id: "bigint" },
    references: { user_id: "users" },
  },
  chats: {
    columns: {
      id: "id",
      chat_uuid: "text",
      /**
       * Ids of the two members of a passphrase chat, the smaller one first: "3-17". Unique, so that two users have one such chat.
       * Null for an MLS chat.
       */
      pair: "text?",
      /** Cipher suite and epoch of an MLS chat. Null for a passphrase chat. */
      suite: "integer?",
      epoch: "bigint?",
      created_by: "bigint",
      encryption_type: "text",
      auto_delete_hours: "bigint?",
      /** Messages with a `stored_at` up to this time stay deleted when the setting changes. Null if the setting was never on. */
      expired_until: "double precision?",
      /** User that last set `auto_delete_hours`, the time, and the chat's last seq at that time. */
      auto_delete_set_by: "bigint?",
      auto_delete_set_at: "double precision?",
      auto_delete_set_after: "bigint?",
      /** Key parameters: all three are set together, once. */
      salt: "bytes?",
      iterations: "integer?",
      key_check: "bytes?",
      last_seq: "bigint = 0",
      created_at: "double precision",
    },
    uniques: ["chat_uuid", "pair"],
    indices: {
      chats_created_by: "created_by",
      chats_expiring: "id where expired_until is not null",
    },
    references: { created_by: "users", auto_delete_set_by: "users" },
  },
  chat_members: {
    columns: {
      chat_id: "bigint",
      user_id: "bigint",
      role: "text",
      /** Seq after which the member may read. 0 for the members of a passphrase chat. */
      join_seq: "bigint = 0",
      /** Watermarks: seq up to which the member has read and received the messages of others. */
      read: "bigint = 0",
      delivered: "bigint = 0",
      /** Time at which the member blocked the other one. Null if not blocked. */
      blocked_at: "double precision?",
      /** Time at which the member created, accepted or joined the chat. Null while the chat is a request to the member. */
      accepted_at: "double precision?",
    },
    uniques: ["chat_id, user_id"],
    indices: { chat_members_user: "user_id, chat_id" },
    references: { chat_id: "chats", user_id: "users" },
  },
  /** Users whom the creator of an MLS chat named, until a commit adds them. They are no members yet, and cannot read. */
  invited_users: {
    columns: { chat_id: "bigint", user_id: "bigint" },
    uniques: ["chat_id, user_id"],
    references: { chat_id: "chats", user_id: "users" },
  },
  /** Rows remain after the content is deleted, so that client ids stay known and seqs stay taken. */
  messages: {
    columns: {
      id: "id",
      chat_id: "bigint",
      sender_id: "bigint",
      seq: "bigint",
      client_id: "text?",
      /** Null after the message is deleted. */
      encrypted_content: "bytes?",
      nonce: "bytes",
      /** Time of the sender's clock, authenticated with the content. Expiry uses `stored_at`, the server's clock. */
      timestamp: "double precision",
      stored_at: "double precision",
      /** Digest that distinguishes a repeated message from a different one with the same client id. */
      digest: "bytes",
      /** Epoch, sending device and content type of a message of an MLS chat. The content type is null for application messages. */
      epoch: "bigint?",
      device: "text?",
      content_type: "text?",
    },
    uniques: ["chat_id, seq", "chat_id, sender_id, client_id"],
    indices: {
      messages_proposals: "chat_id, epoch, sender_id where content_type = 'proposal'",
      messages_kept: "chat_id, seq, stored_at where encrypted_content is not null",
      messages_kept_by_sender:
        "chat_id, sender_id, seq, stored_at where encrypted_content is not null",
      messages_expiring: "chat_id, stored_at where encrypted_content is not null",
    },
    references: { chat_id: "chats", sender_id: "users" },
    triggers: ["messages_counted", "messages_uncounted", "messages_deleted"],
  },
  /** Total stored bytes of a user's messages, maintained by triggers on `messages`. No row if the user never sent one. */
  stored_bytes: {
    columns: { user_id: "bigint primary", bytes: "bigint" },
    references: { user_id: "users" },
  },
  /** One login of one user, with the family of refresh tokens issued from it. */
  sessions: {
    columns: {
      id: "bytes primary",
      user_id: "bigint",
      /** Random id by which the server recognises a client at a login. */
      device_id: "text?",
      /** Id of the device of the user's log to which the session belongs. Null until the session shows that. */
      device: "text?",
      created_at: "double precision",
      expires_at: "double precision",
      /** Id of the currently valid refresh token. */
      refresh_id: "bytes",
      /** Id of the previous refresh token, and the time at which the client used it. */
      previous_refresh_id: "bytes?",
      rotated_at: "double precision?",
      revoked_at: "double precision?",
    },
    indices: { sessions_expiring: "expires_at", sessions_devices: "user_id, device_id" },
    references: { user_id: "users" },
  },
  /** Device logs, as the users' devices signed them. The server verified each entry before it stored it. */
  device_entries: {
    columns: {
      user_id: "bigint",
      seq: "integer",
      head: "bytes",
      entry: "bytes",
      stored_at: "double precision",
    },
    uniques: ["user_id, seq"],
    references: { user_id: "users" },
  },
  /** Devices that the log of a user has or had. Derived from `device_entries`, in the transaction that stores the entry. */
  devices: {
    columns: { user_id: "bigint", device: "text", removed_at: "double precision?" },
    uniques: ["user_id, device"],
    references: { user_id: "users" },
  },
  /** Acceptances that new devices left for the devices that add them. */
  acceptances: {
    columns: {
      id: "id",
      user_id: "bigint",
      device: "text",
      acceptance: "bytes",
      expires_at: "double precision",
    },
    uniques: ["user_id, device"],
    indices: { acceptances_expiring: "expires_at" },
    references: { user_id: "users" },
  },
  /** Rows remain for some time after a claim, so that a repeated request does not publish a key package again. */
  key_packages: {
    columns: {
      id: "id",
      user_id: "bigint",
      device: "text",
      suite: "integer",
      /** Whether claims receive it again and again, when the device has no other. */
      is_last_resort: "integer",
      digest: "bytes",
      /** Null after it was claimed. */
      key_package: "bytes?",
      claimed_at: "double precision?",
    },
    uniques: ["user_id, device, digest"],
    indices: {
      key_packages_unclaimed:
        "user_id, device, suite, is_last_resort, id where key_package is not null",
      key_packages_claimed: "claimed_at where claimed_at is not null",
    },
    references: { user_id: "users" },
  },
  /** What devices of members need to join MLS chats by an external commit, in the chats' epochs. */
  group_infos: {
    columns: { chat_id: "bigint primary", epoch: "bigint", group_info: "bytes" },
    references: { chat_id: "chats" },
  },
  /** Welcomes of MLS. One is for all devices that a commit adds. */
  invitation_contents: { columns: { id: "id", content: "bytes" } },
  /** Devices that a commit added, and that have not joined yet. */
  invitations: {
    columns: {
      id: "id",
      chat_id: "bigint",
      user_id: "bigint",
      device: "text",
      content_id: "bigint",
      created_at: "double precision",
    },
    uniques: ["user_id, device, chat_id"],
    indices: {
      invitations_of_device: "user_id, device, id",
      invitations_content: "content_id",
      invitations_created: "created_at",
    },
    references: { chat_id: "chats", user_id: "users", content_id: "invitation_contents" },
  },
  /** Keys to which users keep encrypted copies of what their devices read in MLS chats. */
  history_keys: {
    columns: {
      user_id: "bigint primary",
      key_id: "text",
      history_key: "bytes",
      /** Length of all chunks. */
      stored_bytes: "bigint",
    },
    references: { user_id: "users" },
  },
  history_chunks: {
    columns: {
      id: "id",
      user_id: "bigint",
      device: "text",
      /** 0 for pinned logs. Not a reference: the user may have left the chat. */
      chat_id: "bigint",
      first_seq: "bigint",
      chunk: "bytes",
    },
    uniques: ["user_id, device, chat_id, first_seq"],
    indices: { history_chunks_of_user: "user_id, id" },
    references: { user_id: "users" },
  },
  server_keys: {
    columns: {
      /** The `kid` of a token-signing key; otherwise equal to the purpose. */
      id: "text primary",
      purpose: "text",
      material: "bytes",
      created_at: "double precision",
    },
    indices: { server_keys_purpose: "purpose" },
  },
} as const satisfies Readonly<Record<string, TableDeclaration>>;

type ValueOf<Notation> = Notation extends "id" | `${string} = ${number}`
  ? Generated<number>
  : Notation extends `${infer Type extends keyof Values}?`
    ? Values[Type] | null
    : Notation extends `${infer Type extends keyof Values} primary`
      ? Values[Type]
      : Values[Notation & keyof Values];

type RowOf<Columns> = { -readonly [Column in keyof Columns]: ValueOf<Columns[Column]> };

type Rows = { [Name in keyof typeof tables]: RowOf<(typeof tables)[Name]["columns"]> };

export interface Schema extends Rows {
  chat_members: Rows["chat_members"] & { role: "admin" | "member" };
  /** The `health` row has no key: health checks write to it. */
  server_keys: Rows["server_keys"] & { purpose: "session-secret" | "token-signing-key" | "health" };
}

export type User = Selectable<Schema["users"]>;
export type ChatRow = Selectable<Schema["chats"]>;
export type StoredMessage = Selectable<Schema["messages"]>;
export type Session = Selectable<Schema["sessions"]>;
export type DeviceEntry = Selectable<Schema["device_entries"]>;
export type KeyPackage = Selectable<Schema["key_packages"]>;
export type ServerKey = Selectable<Schema["server_keys"]>;

/** Parameters from which clients derive a chat's key. */
export type ChatParameters = {
  [Column in "salt" | "iterations" | "key_check"]: NonNullable<ChatRow[Column]>;
};
