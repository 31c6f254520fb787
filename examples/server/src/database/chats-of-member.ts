import {
  type ExpressionBuilder,
  type Kysely,
  type RawBuilder,
  type SelectQueryBuilder,
  sql,
} from "kysely";
import { expiredUntilInChat, greatest } from "./expiry.js";
import { type Chat, membersInChat, withMembers } from "./members.js";
import { type NamedMembersColumn, namedMembersInChat } from "./named-members.js";
import type { Schema } from "./schema.js";

/** A chat from the view of the member `user_id`, with the number of unread messages. */
export type ChatOfMember = Chat & {
  user_id: number;
  /** The other member. In an MLS chat one of the others, or the user itself if there is no other. */
  peer_id: number;
  peer_name: string;
  /** Members and invited users of an MLS chat. Null for a passphrase chat. */
  named_members: NamedMembersColumn | null;
  unread: number;
};

/** Maximum count of unread messages per chat. */
export const MAX_UNREAD = 1000;

export interface ListedChats {
  /** Whether the list has MLS chats too. False by default. */
  readonly includesMls?: boolean;
}

type Tables = Schema & { own: Schema["chat_members"]; peer: Schema["users"] };

/** Reads chats from one member's view. */
export class ChatOfMemberQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async list(
    user_id: number,
    { limit, offset, ...listed }: { limit: number; offset: number } & ListedChats,
  ): Promise<ChatOfMember[]> {
    // Count unread messages only for the chats of this page.
    const page = this.#listed(user_id, listed)
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

  async count(user_id: number, listed: ListedChats = {}): Promise<number> {
    const { total } = await this.#listed(user_id, listed)
      .select((select) => select.fn.countAll<number>().as("total"))
      .executeTakeFirstOrThrow();
    return total;
  }

  #withPeerAndUnread(chats: SelectQueryBuilder<Schema & Pick<Tables, "own">, "own", object>) {
    const anotherMember = sql<number>`coalesce((select min(user_id) from chat_members
      where chat_id = own.chat_id and user_id != own.user_id), own.user_id)`;
    return chats
      .innerJoin("chats", "chats.id", "own.chat_id")
      .innerJoin("users as peer", (join) => join.on("peer.id", "=", anotherMember))
      .selectAll("chats")
      .select(membersInChat(this.#db))
      .select(namedMembersInChat(this.#db))
      .select(["own.user_id", "peer.id as peer_id", "peer.username as peer_name"])
      .select((select) =>
        select
          .case()
          .when("chats.suite", "is", null)
          .then(this.#countUnexpired(select, isFromPeer))
          .else(this.#countUnexpired(select))
          .end()
          .$castTo<number>()
          .as("unread"),
      );
  }

  /**
   * Counts the newest messages that the member has not read, at most `MAX_UNREAD` of them: with `isCounted` the newest for which it
   * holds, otherwise those of other members among the newest.
   */
  #countUnexpired(
    select: ExpressionBuilder<Tables, "own" | "chats" | "peer">,
    isCounted?: RawBuilder<boolean>,
  ) {
    const after = greatest(this.#db, sql.ref("own.read"), sql.ref("own.join_seq"));
    return select
      .selectFrom((newest) =>
        newest
          .selectFrom("messages")
          .select(["stored_at", "sender_id"])
          .whereRef("chat_id", "=", "chats.id")
          .$if(isCounted !== undefined, (query) => query.where(isCounted!))
          .where("seq", ">", after)
          .where("encrypted_content", "is not", null)
          // Limit to the newest messages, because the oldest expire first.
          .orderBy("seq", "desc")
          .limit(MAX_UNREAD)
          .as("newest"),
      )
      .select((count) => count.fn.countAll().as("unread"))
      .where("stored_at", ">", expiredUntilInChat(this.#db, Date.now() / 1000))
      .$if(isCounted === undefined, (query) => query.whereRef("sender_id", "!=", "own.user_id"));
  }

  #chatsOf(user_id: number) {
    return this.#db.selectFrom("chat_members as own").where("own.user_id", "=", user_id);
  }

  #listed(user_id: number, { includesMls = false }: ListedChats) {
    return this.#chatsOf(user_id).$if(!includesMls, (query) =>
      query
        .innerJoin("chats as listed", "listed.id", "own.chat_id")
        .where("listed.suite", "is", null),
    );
  }
}

const isFromPeer = sql<boolean>`sender_id = peer.id`;
