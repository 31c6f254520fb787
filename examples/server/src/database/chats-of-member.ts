import type { Kysely } from "kysely";
import { isLiving, isMember, isUnmarked } from "./message-queries.js";
import type { Chat, Schema } from "./schema.js";

/** A chat as one of its members sees it. */
export type ChatOfMember = Chat & { peer_id: number; peer_name: string; unread: number };

export function listChats(
  db: Kysely<Schema>,
  user_id: number,
  { limit, offset }: { limit: number; offset: number },
): Promise<ChatOfMember[]> {
  return withPeerAndUnread(chatsOf(db, user_id), user_id)
    .orderBy("chats.id")
    .limit(limit)
    .offset(offset)
    .execute();
}

export function findChatOfMember(
  db: Kysely<Schema>,
  chat_id: number,
  user_id: number,
): Promise<ChatOfMember | undefined> {
  const chat = chatsOf(db, user_id).where("chats.id", "=", chat_id);
  return withPeerAndUnread(chat, user_id).executeTakeFirst();
}

function withPeerAndUnread(chats: ReturnType<typeof chatsOf>, user_id: number) {
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
        .selectFrom("messages")
        .select((count) => count.fn.countAll().as("unread"))
        .whereRef("chat_id", "=", "chats.id")
        .whereRef("sender_id", "=", "peer.id")
        .where(isUnmarked("read"))
        .where(isLiving(Date.now() / 1000))
        .$castTo<{ unread: number }>()
        .$asScalar()
        .as("unread"),
    );
}

export async function countChats(db: Kysely<Schema>, user_id: number): Promise<number> {
  const { total } = await chatsOf(db, user_id)
    .select((select) => select.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  return total;
}

function chatsOf(db: Kysely<Schema>, user_id: number) {
  return db.selectFrom("chats").where(isMember(user_id));
}
