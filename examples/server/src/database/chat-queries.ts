import { type Insertable, type Kysely, sql } from "kysely";
import { isPostgres } from "./column-types.js";
import type { ContactAction } from "./contacts.js";
import { expiredUntilInChat, greatest, storedBefore } from "./expiry.js";
import { type Chat, isMember, membersInChat, pairOf, withMembers } from "./members.js";
import type { ChatParameters, Schema } from "./schema.js";

/** A chat of two users before it is stored. */
export type NewChat = Omit<
  Insertable<Schema["chats"]>,
  "id" | "pair" | "suite" | "epoch" | "last_seq" | "expired_until" | `auto_delete_set_${string}`
> & { auto_delete_hours: number | null; peer_id: number };

/** An MLS chat before it is stored. */
export type NewMlsChat = Omit<NewChat, "peer_id" | keyof ChatParameters> & {
  suite: number;
  /** Ids of the users whom the creator invites. */
  invited: readonly number[];
};

/** Reads and writes chats. */
export class ChatQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Creates a chat of its creator and a peer, as a request to the peer. Must run in a transaction. Returns undefined if the two
   * users already have a chat.
   */
  async create({ peer_id, ...chat }: NewChat): Promise<Chat | undefined> {
    const { created_by, created_at } = chat;
    const created = await this.#db
      .insertInto("chats")
      .values({ ...chat, ...settingOf(chat), pair: pairOf(created_by, peer_id) })
      .onConflict((conflict) => conflict.column("pair").doNothing())
      .returning("id")
      .executeTakeFirst();
    if (created === undefined) return undefined;
    const { id: chat_id } = created;
    await this.#db
      .insertInto("chat_members")
      .values([
        { chat_id, user_id: created_by, role: "admin", accepted_at: created_at },
        { chat_id, user_id: peer_id, role: "member", accepted_at: null },
      ])
      .execute();
    return this.find(chat_id, created_by);
  }

  /** Creates an MLS chat whose only member is its creator. Must run in a transaction. */
  async createMls({ invited, ...chat }: NewMlsChat): Promise<Chat> {
    const { created_by, created_at } = chat;
    const { id: chat_id } = await this.#db
      .insertInto("chats")
      .values({ ...chat, ...settingOf(chat), epoch: 0 })
      .returning("id")
      .executeTakeFirstOrThrow();
    await this.#db
      .insertInto("chat_members")
      .values({ chat_id, user_id: created_by, role: "admin", accepted_at: created_at })
      .execute();
    await this.#db
      .insertInto("invited_users")
      .values(invited.map((user_id) => ({ chat_id, user_id })))
      .execute();
    return (await this.find(chat_id, created_by))!;
  }

  /** Counts the chats that a user created, up to `limit`. */
  async countOpened(created_by: number, limit: number): Promise<number> {
    const opened = await this.#db
      .selectFrom("chats")
      .select("id")
      .where("created_by", "=", created_by)
      .limit(limit)
      .execute();
    return opened.length;
  }

  /** Finds a chat. Returns undefined if the user is not a member. */
  async find(chat_id: number, user_id: number): Promise<Chat | undefined> {
    const row = await this.#db
      .selectFrom("chats")
      .selectAll("chats")
      .select(membersInChat(this.#db))
      .where("id", "=", chat_id)
      .where(isMember(user_id))
      .executeTakeFirst();
    return row && withMembers(row);
  }

  /** Applies a member's contact action to a chat. `accept` also unblocks. */
  async setContact(
    chat_id: number,
    { user_id, action, now }: { user_id: number; action: ContactAction; now: number },
  ): Promise<void> {
    await this.#db
      .updateTable("chat_members")
      .set({ blocked_at: action === "block" ? now : null })
      .$if(action === "accept", (query) =>
        query.set({ accepted_at: sql`coalesce(accepted_at, ${now})` }),
      )
      .where("chat_id", "=", chat_id)
      .where("user_id", "=", user_id)
      .execute();
  }

  /** Sets a chat's key parameters. Returns false if they are already set. */
  async setParameters(id: number, parameters: ChatParameters): Promise<boolean> {
    const { numUpdatedRows } = await this.#db
      .updateTable("chats")
      .set(parameters)
      .where("id", "=", id)
      .where("salt", "is", null)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  /**
   * Replaces a chat's key parameters and deletes the contents of its messages, which the new key cannot decrypt. Returns false
   * if the other member has written or read a message; the caller must then roll back. Must run in a transaction: a concurrent
   * message or receipt is either committed before and visible here, or waits. A repeated or rejected request writes no
   * message rows, so that repeated requests cost little in a long chat.
   */
  async restart(
    { id, creator }: { id: number; creator: number },
    parameters: ChatParameters,
  ): Promise<boolean> {
    // Lock the chat's row, which every new message also updates.
    await this.#db.updateTable("chats").set(parameters).where("id", "=", id).execute();
    if ((await this.#hasRead(id, creator)) || (await this.#hasWritten(id, creator))) return false;
    await this.#db
      .updateTable("messages")
      .set({ encrypted_content: null })
      .where("chat_id", "=", id)
      .where("encrypted_content", "is not", null)
      .execute();
    return true;
  }

  async setEncryptionType(id: number, encryption_type: string): Promise<void> {
    await this.#db.updateTable("chats").set({ encryption_type }).where("id", "=", id).execute();
  }

  /**
   * Sets the hours after which a chat's messages are deleted, null for never. Also applies to stored messages. Messages that
   * are expired by the old or the new setting stay deleted. Returns undefined if the chat already has this setting.
   */
  async setAutoDelete(
    id: number,
    { hours, user_id, now }: { hours: number | null; user_id: number; now: number },
  ): Promise<Chat | undefined> {
    const byNewSetting = sql`cast(${storedBefore(hours, now)} as double precision)`;
    const changed = await this.#db
      .updateTable("chats")
      .set({
        auto_delete_hours: hours,
        expired_until: greatest(this.#db, expiredUntilInChat(this.#db, now), byNewSetting),
        auto_delete_set_by: user_id,
        auto_delete_set_at: now,
        auto_delete_set_after: ({ ref }) => ref("last_seq"),
      })
      .where("id", "=", id)
      .where("auto_delete_hours", "is distinct from", hours)
      .returningAll()
      .returning(membersInChat(this.#db))
      .executeTakeFirst();
    return changed && withMembers(changed);
  }

  /** Lists the ids of the users with whom the user has an accepted passphrase chat, in which neither blocked the other. */
  async listPeers(user_id: number): Promise<number[]> {
    return idsOf(await this.#peersOf(user_id).where("chats.suite", "is", null).execute());
  }

  /** Lists the users of `listPeers`, and the other members of the user's MLS chats: the users who use the user's device log. */
  async listReadersOfDevices(user_id: number): Promise<number[]> {
    return idsOf(await this.#peersOf(user_id).execute());
  }

  #peersOf(user_id: number) {
    return this.#db
      .selectFrom("chat_members as own")
      .innerJoin("chats", "chats.id", "own.chat_id")
      .innerJoin("chat_members as peer", "peer.chat_id", "own.chat_id")
      .select("peer.user_id as id")
      .distinct()
      .where("own.user_id", "=", user_id)
      .where("own.accepted_at", "is not", null)
      .where("own.blocked_at", "is", null)
      .where("peer.user_id", "!=", user_id)
      .where("peer.accepted_at", "is not", null)
      .where("peer.blocked_at", "is", null);
  }

  /** Whether another member has read a message. Locks the other members' watermarks, so that a concurrent receipt waits. */
  async #hasRead(chat_id: number, creator: number): Promise<boolean> {
    const others = await this.#db
      .selectFrom("chat_members")
      .select("read")
      .where("chat_id", "=", chat_id)
      .where("user_id", "!=", creator)
      .$if(isPostgres(this.#db), (query) => query.forUpdate())
      .execute();
    return others.some(({ read }) => read > 0);
  }

  /** Whether another member has written a message. */
  async #hasWritten(chat_id: number, creator: number): Promise<boolean> {
    const written = await this.#db
      .selectFrom("chat_members")
      .select("user_id")
      .where("chat_id", "=", chat_id)
      .where("user_id", "!=", creator)
      .where(({ exists, selectFrom }) =>
        exists(
          selectFrom("messages")
            .select("id")
            .whereRef("messages.chat_id", "=", "chat_members.chat_id")
            .whereRef("sender_id", "=", "user_id"),
        ),
      )
      .limit(1)
      .executeTakeFirst();
    return written !== undefined;
  }
}

/** Returns the columns that record the setting of a new chat. */
function settingOf({ created_by, created_at, auto_delete_hours }: Omit<NewChat, "peer_id">) {
  if (auto_delete_hours === null) return {};
  return {
    expired_until: 0,
    auto_delete_set_by: created_by,
    auto_delete_set_at: created_at,
    auto_delete_set_after: 0,
  };
}

function idsOf(rows: readonly { readonly id: number }[]): number[] {
  return rows.map(({ id }) => id);
}
