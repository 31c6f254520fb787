import { type Kysely, sql } from "kysely";
import { expiredUntilInChat } from "./expiry.js";
import { isMember } from "./message-queries.js";
import type { Chat, Schema } from "./schema.js";

/** A chat from one member's view, with the peer and the number of unread messages. */
export type ChatOfMember = Chat & { peer_id: number; peer_name: string; unread: number };

/** Maximum count of unread messages per chat. */
export const MAX_UNREAD = 1000;

export function listChats(
  db: Kysely<Schema>,
  user_id: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<ChatOfMember[]> {
  // Count unread messages only for the chats of this page.
  const page = chatsOf(db, user_id).select("id").orderBy("id").limit(limit).offset(offset);
  const chats = db.selectFrom("chats").where("chats.id", "in", page);
  return withPeerAndUnread(db, chats, user_id).orderBy("chats.id").execute();
}

export function findChatOfMember(
  db: Kysely<Schema>,
  chat_id: number,
  user_id: number,
): Promise<ChatOfMember | undefined> {
  const chat = chatsOf(db, user_id).where("chats.id", "=", chat_id);
  return withPeerAndUnread(db, chat, user_id).executeTakeFirst();
}

function withPeerAndUnread(db: Kysely<Schema>, chats: ReturnType<typeof chatsOf>, user_id: number) {
  return chats
    .innerJoin("users as peer", (join) =>
      join
        .on((on) =>
          on.or([on("peer.id", "=", on.ref("user1_id")), on("peer.id", "=", on.ref("user2_id"))]),
        )
        .on("peer.id", "!=", user_id),
    )
    .selectAll("chats")
    .select(["peer.id as peer_id", "peer.username as peer_name"])
    .select((select) =>
      select
        .selectFrom((newest) =>
          newest
            .selectFrom("messages")
            .select("stored_at")
            .whereRef("chat_id", "=", "chats.id")
            .whereRef("sender_id", "=", "peer.id")
            .where("seq", ">", readUpTo)
            .where("encrypted_content", "is not", null)
            // Limit to the newest messages, because the oldest expire first.
            .orderBy("seq", "desc")
            .limit(MAX_UNREAD)
            .as("newest"),
        )
        .select((count) => count.fn.countAll().as("unread"))
        .where("stored_at", ">", expiredUntilInChat(db, Date.now() / 1000))
        .$castTo<{ unread: number }>()
        .$asScalar()
        .as("unread"),
    );
}

/** The watermark of the member who is not the peer. */
const readUpTo = sql<number>`case when peer.id = chats.user1_id then chats.user2_read else chats.user1_read end`;

export async function countChats(db: Kysely<Schema>, user_id: number): Promise<number> {
  const { total } = await chatsOf(db, user_id)
    .select((select) => select.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return total;
}

function chatsOf(db: Kysely<Schema>, user_id: number) {
  return db.selectFrom("chats").where(isMember(user_id));
}
