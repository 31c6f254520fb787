import { type ExpressionBuilder, type QueryExecutorProvider, type Selectable, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import type { ChatRow, Schema } from "./schema.js";

type MemberRow = Selectable<Schema["chat_members"]>;

/** A member of a chat, as a query of the chat returns it. */
export interface ChatMember
  extends Pick<MemberRow, "user_id" | "role" | "join_seq" | "read" | "delivered"> {
  /** Whether the member has blocked the other one. */
  readonly isBlocking: boolean;
  /** Whether the member has created, accepted or joined the chat. */
  readonly hasAccepted: boolean;
}

/** A chat with all its members. */
export type Chat = ChatRow & { readonly members: readonly ChatMember[] };

type MemberValues = [
  user_id: number,
  role: ChatMember["role"],
  join_seq: number,
  read: number,
  delivered: number,
  isBlocking: boolean | 0 | 1,
  hasAccepted: boolean | 0 | 1,
];

/** The members of a chat as one column: JSON text in SQLite, a JSON value in PostgreSQL. */
export type MembersColumn = string | MemberValues[];

const FIELDS = sql`user_id, role, join_seq, read, delivered, blocked_at is not null, accepted_at is not null`;

/** Expresses the members of a chat in a query over `chats`, so that the query of the chat needs no second statement. */
export function membersInChat(db: QueryExecutorProvider) {
  const list = isPostgres(db)
    ? sql`json_agg(json_build_array(${FIELDS}))`
    : sql`json_group_array(json_array(${FIELDS}))`;
  return sql<MembersColumn>`(select ${list} from chat_members where chat_id = chats.id)`.as(
    "members",
  );
}

/** Decodes the column `members` of a row, in place. */
export function withMembers<Row extends { members: MembersColumn }>(
  row: Row,
): Omit<Row, "members"> & { members: ChatMember[] } {
  const { members } = row;
  const values: MemberValues[] = typeof members === "string" ? JSON.parse(members) : members;
  return Object.assign(row, { members: values.map(toMember) });
}

function toMember(values: MemberValues): ChatMember {
  const [user_id, role, join_seq, read, delivered, isBlocking, hasAccepted] = values;
  return {
    user_id,
    role,
    join_seq,
    read,
    delivered,
    isBlocking: Boolean(isBlocking),
    hasAccepted: Boolean(hasAccepted),
  };
}

/** Returns a condition that selects the chats of a user. */
export function isMember(user_id: number) {
  return ({ exists, selectFrom }: ExpressionBuilder<Schema, "chats">) =>
    exists(
      selectFrom("chat_members")
        .select("user_id")
        .whereRef("chat_id", "=", "chats.id")
        .where("user_id", "=", user_id),
    );
}

/** Returns the value of `chats.pair` for two users. */
export function pairOf(one: number, other: number): string {
  return `${Math.min(one, other)}-${Math.max(one, other)}`;
}

/** Whether the keys of a chat come from MLS. */
export function isMls({ suite }: ChatRow): boolean {
  return suite !== null;
}

/** Returns the member entry of a user, who must be a member. */
export function memberOf({ members }: Chat, user_id: number): ChatMember {
  return members.find((member) => member.user_id === user_id)!;
}

/** Returns the ids of all members. */
export function memberIds({ members }: Chat): number[] {
  return members.map(({ user_id }) => user_id);
}

/** Returns the ids of all members but one. */
export function othersThan(user_id: number, chat: Chat): number[] {
  return memberIds(chat).filter((id) => id !== user_id);
}
