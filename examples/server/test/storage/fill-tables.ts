import { type Kysely, sql } from "kysely";
import { isPostgres } from "../../src/database/column-types.js";
import type { Schema } from "../../src/database/schema.js";

const USERS = 3000;

/** Inserts enough rows that PostgreSQL uses indexes. The chat of users 1 and 2 has 10,000 messages. */
export async function fillTables(db: Kysely<Schema>): Promise<void> {
  const isPg = isPostgres(db);
  const bytes = isPg ? sql`uuid_send(gen_random_uuid())` : sql`randomblob(16)`;
  const numbers = (last: number) =>
    sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${sql.lit(last)})`;
  const messages = (chat: string, seq: string, last: number) => sql`${numbers(last)}
    insert into messages (chat_id, sender_id, seq, client_id, encrypted_content, nonce, timestamp, stored_at,
      digest)
    select ${sql.raw(chat)}, ${sql.raw(chat)} + i % 2, ${sql.raw(seq)}, 'client' || i, ${bytes}, ${bytes}, i, i,
      ${bytes} from n`;
  const statements = [
    sql`${numbers(USERS)} insert into users (uuid, username, username_key, hashed_password, created_at)
      select 'uuid' || i, 'user' || i, 'user' || i, '-', i from n`,
    sql`${numbers(USERS)} insert into username_looks (look, user_id) select 'user' || i, i from n`,
    sql`${numbers(USERS - 1)} insert into chats (chat_uuid, pair, created_by, encryption_type,
      last_seq, created_at, expired_until) select 'uuid' || i, i || '-' || (i + 1), i, '-', 10000, i,
      case when i % 3 = 0 then 0 end from n`,
    sql`insert into chat_members (chat_id, user_id, role, accepted_at) select id, created_by, 'admin', 0 from chats
      union all select id, created_by + 1, 'member', 0 from chats`,
    messages("1", "i", 10_000),
    messages(`2 + i % ${USERS - 10}`, `1 + i / ${USERS - 10}`, 20_000),
    sql`${numbers(USERS)} insert into sessions (id, user_id, created_at, expires_at, refresh_id)
      select ${bytes}, i, 0, 0, ${bytes} from n`,
    sql`${numbers(USERS - 1)} insert into device_entries (user_id, seq, head, entry, stored_at)
      select i, 1 + i % 9, ${bytes}, ${bytes}, i from n`,
    sql`${numbers(USERS - 1)} insert into devices (user_id, device) select i, 'device' || i from n`,
    sql`${numbers(USERS - 1)} insert into acceptances (user_id, device, acceptance, expires_at)
      select i, 'device' || i, ${bytes}, i from n`,
    sql`${numbers(USERS - 1)} insert into history_keys (user_id, key_id, history_key, stored_bytes)
      select i, 'k', ${bytes}, 0 from n`,
    sql`${numbers(9 * USERS)} insert into history_chunks (user_id, device, chat_id, first_seq, chunk)
      select 1 + i % 100, 'device' || i % 9, i % 10, i, ${bytes} from n`,
    sql`${numbers(9 * USERS)} insert into key_packages (user_id, device, suite, is_last_resort, digest, key_package,
      claimed_at) select 1 + i % 100, 'device' || i % 9, 1, 0, ${bytes}, case when i % 3 = 0 then ${bytes} end,
      case when i % 3 > 0 then i end from n`,
  ];
  for (const statement of statements) await statement.execute(db);
  if (isPg) await sql`analyze`.execute(db);
}
