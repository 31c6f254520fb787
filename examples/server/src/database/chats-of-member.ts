import { type Kysely, type SelectQueryBuilder, sql } from "kysely";
import { expiredUntilInChat, greatest } from "./expiry.js";
import { type Chat, membersInChat, withMembers } from "./members.js";
import type { Schema } from "./schema.js";

/** A chat from the view of the member `user_id`, with the peer and the number of unread messages. */
export type ChatOfMember = Chat & {
  user_id: number;
  peer_id: number;
  peer_name: string;
  unread: number;
};

/** Maximum count of unread messages per chat. */
export const MAX_UNREAD = 1000;

type Members = Schema & { own: Schema["chat_members"] };

/** Reads chats from one member's view. */
export class ChatOfMemberQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async list(
    user_id: number,
    { limit, offset }: { limit: number; offset: number },
  ): Promise<ChatOfMember[]> {
    // Count unread messages only for the chats of this page.
    const page = this.#chatsOf(user_id)
      .select("chat_id")
      .orderBy("chat_id")
      .limit(limit)
      .offset(offset);
    const chats = this.#chatsOf(user_id).where("own.chat_id", "in", page);
    const rows = await this.#withPeerAndUnread(chats).orderBy("own.chat_id").execute();
    return rows.map(withMembers);
  }

  async find(chat_id: number, user_id: number): Promise<ChatOfMember | undefined> {
    const chat = this.#chatsOf(user_id).where("own.chat_id", "=", chat_id);
    const row = await this.#withPeerAndUnread(chat).executeTakeFirst();
    return row && withMembers(row);
  }

  async count(user_id: number): Promise<number> {
    const { total } = await this.#chatsOf(user_id)
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    return total;
  }

  #withPeerAndUnread(chats: SelectQueryBuilder<Members, "own", object>) {
    const after = greatest(this.#db, sql.ref("own.read"), sql.ref("own.join_seq"));
    return chats
      .innerJoin("chats", "chats.id", "own.chat_id")
      .innerJoin("chat_members as other", (join) =>
        join.onRef("other.chat_id", "=", "own.chat_id").onRef("other.user_id", "!=", "own.user_id"),
      )
      .innerJoin("users as peer", "peer.id", "other.user_id")
      .selectAll("chats")
      .select(membersInChat(this.#db))
      .select(["own.user_id", "peer.id as peer_id", "peer.username as peer_name"])
      .select((select) =>
        select
          .selectFrom((newest) =>
            newest
              .selectFrom("messages")
              .select("stored_at")
              .whereRef("chat_id", "=", "chats.id")
              .whereRef("sender_id", "=", "peer.id")
              .where("seq", ">", after)
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
    return this.#db.selectFrom("chat_members as own").where("own.user_id", "=", user_id);
  }
}
