import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { expiredUntilInChat } from "./expiry.js";
import { isMember } from "./message-queries.js";
import type { Chat, Schema } from "./schema.js";

/** A chat from one member's view, with the peer and the number of unread messages. */
export type ChatOfMember = Chat & { peer_id: number; peer_name: string; unread: number };

/** Maximum count of unread messages per chat. */
export const MAX_UNREAD = 1000;

/** The watermark of the member who is not the peer. */
const readUpTo = sql<number>`case when peer.id = chats.user1_id then chats.user2_read else chats.user1_read end`;

/** Reads chats from one member's view. */
export class ChatOfMemberQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  list(
    user_id: number,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<ChatOfMember[]> {
    // Count unread messages only for the chats of this page.
    const page = this.#chatsOf(user_id).select("id").orderBy("id").limit(limit).offset(offset);
    const chats = this.#db.selectFrom("chats").where("chats.id", "in", page);
    return this.#withPeerAndUnread(chats, user_id).orderBy("chats.id").execute();
  }

  find(chat_id: number, user_id: number): Promise<ChatOfMember | undefined> {
    const chat = this.#chatsOf(user_id).where("chats.id", "=", chat_id);
    return this.#withPeerAndUnread(chat, user_id).executeTakeFirst();
  }

  async count(user_id: number): Promise<number> {
    const { total } = await this.#chatsOf(user_id)
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    return total;
  }

  #withPeerAndUnread(chats: SelectQueryBuilder<Schema, "chats", object>, user_id: number) {
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
          .where("stored_at", ">", expiredUntilInChat(this.#db, Date.now() / 1000))
          .$castTo<{ unread: number }>()
          .$asScalar()
          .as("unread"),
      );
  }

  #chatsOf(user_id: number) {
    return this.#db.selectFrom("chats").where(isMember(user_id));
  }
}
