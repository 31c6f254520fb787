import { type QueryExecutorProvider, sql } from "kysely";
import type { ChatSummary } from "lacre";
import { isPostgres } from "./column-types.js";

/** A member of an MLS chat, or a user whom the creator invited. */
export type NamedMember = NonNullable<ChatSummary["members"]>[number];

type NamedMemberValues = [user_id: number, username: string, role: NamedMember["role"]];

/** Members with their names as one column: JSON text in SQLite, a JSON value in PostgreSQL. */
export type NamedMembersColumn = string | NamedMemberValues[];

/** Expresses the members and invited users of an MLS chat in a query over `chats`. Null for a passphrase chat. */
export function namedMembersInChat(db: QueryExecutorProvider) {
  const list = isPostgres(db)
    ? sql`json_agg(json_build_array(user_id, username, role))`
    : sql`json_group_array(json_array(user_id, username, role))`;
  return sql<NamedMembersColumn | null>`case when chats.suite is not null then (select ${list} from (
    select chat_id, user_id, role from chat_members where chat_id = chats.id
    union all select chat_id, user_id, 'invited' from invited_users where chat_id = chats.id
  ) as named join users on users.id = named.user_id) end`.as("named_members");
}

/** Decodes the column, sorted by user id. */
export function namedMembers(column: NamedMembersColumn): NamedMember[] {
  const values: NamedMemberValues[] = typeof column === "string" ? JSON.parse(column) : column;
  return values
    .map(([user_id, username, role]) => ({ user_id, username, role }))
    .sort((one, other) => one.user_id - other.user_id);
}
