import { type Kysely, sql } from "kysely";
import { isPostgres } from "../column-types.js";

/** Stores the members of chats as rows of their own, instead of two users in each chat. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of isPostgres(db) ? UP_ON_POSTGRESQL : UP_ON_SQLITE) {
    await sql.raw(statement).execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const statement of isPostgres(db) ? DOWN_ON_POSTGRESQL : DOWN_ON_SQLITE) {
    await sql.raw(statement).execute(db);
  }
}

const MEMBER_COLUMNS = `chat_id bigint not null,
  user_id bigint not null,
  role text not null,
  join_seq bigint not null default 0,
  read bigint not null default 0,
  delivered bigint not null default 0,
  blocked_at double precision,
  accepted_at double precision`;

const FILL_MEMBERS = `insert into chat_members (chat_id, user_id, role, read, delivered, blocked_at, accepted_at)
  ${memberOfEachChat("user1")} union all ${memberOfEachChat("user2")} order by 1, 2`;

const INDEX_MEMBERS = "create index chat_members_user on chat_members (user_id, chat_id)";

function memberOfEachChat(user: "user1" | "user2"): string {
  return `select id, ${user}_id, case created_by when ${user}_id then 'admin' else 'member' end,
    ${user}_read, ${user}_delivered, ${user}_blocked_at,
    case created_by when ${user}_id then created_at else accepted_at end from chats`;
}

/** Tables of the members of each chat, the smaller user id first. */
const BOTH_MEMBERS = `chat_members as one join chat_members as other
  on other.chat_id = one.chat_id and other.user_id > one.user_id`;

const ACCEPTED_AT =
  "case created_by when one.user_id then other.accepted_at else one.accepted_at end";

const UP_ON_POSTGRESQL = [
  // Lock chats first, as an instance that stores a message does: otherwise the two could deadlock.
  "lock table chats in access exclusive mode",
  `create table chat_members (${MEMBER_COLUMNS})`,
  FILL_MEMBERS,
  // Add constraints after the rows: PostgreSQL then checks all rows with one query.
  `alter table chat_members add primary key (chat_id, user_id),
    add foreign key (chat_id) references chats (id), add foreign key (user_id) references users (id)`,
  INDEX_MEMBERS,
  `alter table chats drop constraint chats_user1_id_fkey, drop constraint chats_members,
    drop constraint chats_members_in_order`,
  // Convert a column instead of updating a new one: PostgreSQL then writes table and indexes once, without dead rows.
  `alter table chats alter column user1_id type text using user1_id || '-' || user2_id,
    alter column user1_id drop not null`,
  "alter table chats rename column user1_id to pair",
  `alter table chats add constraint chats_pair unique (pair),
    drop column user2_id, drop column accepted_at,
    drop column user1_blocked_at, drop column user2_blocked_at, drop column user1_read, drop column user2_read,
    drop column user1_delivered, drop column user2_delivered`,
];

const DOWN_ON_POSTGRESQL = [
  `alter table chats
    add column user1_id bigint references users (id), add column user2_id bigint references users (id),
    add column accepted_at double precision,
    add column user1_blocked_at double precision, add column user2_blocked_at double precision,
    add column user1_read bigint not null default 0, add column user2_read bigint not null default 0,
    add column user1_delivered bigint not null default 0, add column user2_delivered bigint not null default 0`,
  `update chats set user1_id = one.user_id, user2_id = other.user_id, accepted_at = ${ACCEPTED_AT},
    user1_blocked_at = one.blocked_at, user2_blocked_at = other.blocked_at,
    user1_read = one.read, user2_read = other.read,
    user1_delivered = one.delivered, user2_delivered = other.delivered
    from ${BOTH_MEMBERS} where one.chat_id = chats.id`,
  `alter table chats drop column pair,
    alter column user1_id set not null, alter column user2_id set not null,
    add constraint chats_members unique (user1_id, user2_id),
    add constraint chats_members_in_order check (user1_id < user2_id)`,
  "create index chats_user2 on chats (user2_id)",
  "drop table chat_members",
];

/** Columns that the table has before and after the migration. */
const KEPT = `chat_uuid, created_by, encryption_type, auto_delete_hours, expired_until, auto_delete_set_by,
  auto_delete_set_at, auto_delete_set_after, salt, iterations, key_check, last_seq, created_at`;

const KEPT_ON_SQLITE = `id integer primary key autoincrement,
  chat_uuid text not null unique,
  created_by bigint not null references users (id),
  encryption_type text not null,
  auto_delete_hours bigint,
  expired_until double precision,
  auto_delete_set_by bigint references users (id),
  auto_delete_set_at double precision,
  auto_delete_set_after bigint,
  salt blob,
  iterations integer,
  key_check blob,
  last_seq bigint not null default 0,
  created_at double precision not null`;

// SQLite cannot drop columns that have constraints. Replace the table (https://sqlite.org/lang_altertable.html, section 7).
const REPLACE_ON_SQLITE = [
  // Keep the last id, so that ids of deleted chats are not used again.
  "delete from sqlite_sequence where name = 'new_chats'",
  "update sqlite_sequence set name = 'new_chats' where name = 'chats'",
  "drop table chats",
  "alter table new_chats rename to chats",
  "create index chats_created_by on chats (created_by)",
  "create index chats_expiring on chats (id) where expired_until is not null",
];

const UP_ON_SQLITE = [
  // Rows of such a table are stored in the order of their key: the members of a chat are adjacent.
  `create table chat_members (${MEMBER_COLUMNS}, primary key (chat_id, user_id),
    foreign key (chat_id) references chats (id), foreign key (user_id) references users (id)) without rowid`,
  FILL_MEMBERS,
  INDEX_MEMBERS,
  `create table new_chats (${KEPT_ON_SQLITE}, pair text unique)`,
  `insert into new_chats (id, ${KEPT}, pair) select id, ${KEPT}, user1_id || '-' || user2_id from chats`,
  ...REPLACE_ON_SQLITE,
];

const DOWN_ON_SQLITE = [
  `create table new_chats (${KEPT_ON_SQLITE},
    user1_id bigint not null references users (id),
    user2_id bigint not null references users (id),
    accepted_at double precision,
    user1_blocked_at double precision,
    user2_blocked_at double precision,
    user1_read bigint not null default 0,
    user2_read bigint not null default 0,
    user1_delivered bigint not null default 0,
    user2_delivered bigint not null default 0,
    constraint chats_members unique (user1_id, user2_id),
    constraint chats_members_in_order check (user1_id < user2_id))`,
  `insert into new_chats (id, ${KEPT}, user1_id, user2_id, accepted_at, user1_blocked_at, user2_blocked_at,
    user1_read, user2_read, user1_delivered, user2_delivered)
    select id, ${KEPT}, one.user_id, other.user_id, ${ACCEPTED_AT}, one.blocked_at, other.blocked_at,
    one.read, other.read, one.delivered, other.delivered
    from ${BOTH_MEMBERS} join chats on chats.id = one.chat_id`,
  "drop table chat_members",
  ...REPLACE_ON_SQLITE,
  "create index chats_user2 on chats (user2_id)",
];
