import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.js";

/** An invitation of a device, with what the device needs to join the chat. */
export interface Invitation {
  readonly invitation_id: number;
  readonly chat_id: number;
  readonly content: Uint8Array;
}

/** A device in the logs of users. */
export interface UserDevice {
  readonly user_id: number;
  readonly device: string;
}

/** Reads and writes what commits of MLS chats change. The caller has locked the chat by taking its seq. */
export class CommitQueries {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Sets the chat's epoch, and the group info by which devices join in it. */
  async advance(chat_id: number, epoch: number, group_info: Uint8Array): Promise<void> {
    await this.#db.updateTable("chats").set({ epoch }).where("id", "=", chat_id).execute();
    await this.#db
      .insertInto("group_infos")
      .values({ chat_id, epoch, group_info })
      .onConflict((conflict) => conflict.column("chat_id").doUpdateSet({ epoch, group_info }))
      .execute();
  }

  /** Adds members who may read the messages after `seq`. */
  async addMembers(
    chat_id: number,
    user_ids: readonly number[],
    { seq, now }: { seq: number; now: number },
  ): Promise<void> {
    if (user_ids.length === 0) return;
    const rows = user_ids.map((user_id) => {
      const marks = { join_seq: seq, read: seq, delivered: seq };
      return { chat_id, user_id, role: "member" as const, ...marks, accepted_at: now };
    });
    await this.#db.insertInto("chat_members").values(rows).execute();
    await this.#db
      .deleteFrom("invited_users")
      .where("chat_id", "=", chat_id)
      .where("user_id", "in", user_ids)
      .execute();
  }

  /** Removes members, with the invitations of their devices. If no admin stays, the member with the lowest id becomes one. */
  async removeMembers(chat_id: number, user_ids: readonly number[]): Promise<void> {
    if (user_ids.length === 0) return;
    await this.#db
      .deleteFrom("chat_members")
      .where("chat_id", "=", chat_id)
      .where("user_id", "in", user_ids)
      .execute();
    const deleted = await this.#db
      .deleteFrom("invitations")
      .where("chat_id", "=", chat_id)
      .where("user_id", "in", user_ids)
      .returning("content_id")
      .execute();
    await this.#deleteUnused(deleted);
    await sql`update chat_members set role = 'admin' where chat_id = ${chat_id}
      and user_id = (select min(user_id) from chat_members where chat_id = ${chat_id})
      and not exists (select 1 from chat_members where chat_id = ${chat_id} and role = 'admin')`.execute(
      this.#db,
    );
  }

  /** Lists which of these devices members of the chat have. */
  listDevices(chat_id: number, devices: readonly string[]): Promise<UserDevice[]> {
    return this.#db
      .selectFrom("devices")
      .innerJoin("chat_members", "chat_members.user_id", "devices.user_id")
      .select(["devices.user_id", "devices.device"])
      .where("chat_members.chat_id", "=", chat_id)
      .where("devices.device", "in", devices)
      .where("devices.removed_at", "is", null)
      .execute();
  }

  /** Stores invitations of devices, in place of their earlier ones to the same chat. */
  async invite(
    chat_id: number,
    devices: readonly UserDevice[],
    { content, now }: { content: Uint8Array; now: number },
  ): Promise<void> {
    for (const { user_id, device } of devices) {
      const deleted = await this.#db
        .deleteFrom("invitations")
        .where("user_id", "=", user_id)
        .where("device", "=", device)
        .where("chat_id", "=", chat_id)
        .returning("content_id")
        .execute();
      await this.#deleteUnused(deleted);
    }
    const { id: content_id } = await this.#db
      .insertInto("invitation_contents")
      .values({ content })
      .returning("id")
      .executeTakeFirstOrThrow();
    await this.#db
      .insertInto("invitations")
      .values(devices.map((device) => ({ chat_id, ...device, content_id, created_at: now })))
      .execute();
  }

  /** Lists the oldest invitation of a device after an id, if there is one. */
  nextInvitation({ user_id, device }: UserDevice, after: number): Promise<Invitation | undefined> {
    return this.#db
      .selectFrom("invitations")
      .innerJoin("invitation_contents", "invitation_contents.id", "invitations.content_id")
      .select(["invitations.id as invitation_id", "chat_id", "content"])
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .where("invitations.id", ">", after)
      .orderBy("invitations.id")
      .limit(1)
      .executeTakeFirst();
  }

  /** Deletes an invitation of a device of the user. Returns false if there is none. */
  async deleteInvitation(user_id: number, invitation_id: number): Promise<boolean> {
    const deleted = await this.#db
      .deleteFrom("invitations")
      .where("id", "=", invitation_id)
      .where("user_id", "=", user_id)
      .returning("content_id")
      .execute();
    await this.#deleteUnused(deleted);
    return deleted.length > 0;
  }

  /** Deletes the invitations of a device. */
  async deleteInvitationsOf({ user_id, device }: UserDevice): Promise<void> {
    const deleted = await this.#db
      .deleteFrom("invitations")
      .where("user_id", "=", user_id)
      .where("device", "=", device)
      .returning("content_id")
      .execute();
    await this.#deleteUnused(deleted);
  }

  /** Deletes up to `limit` invitations that were created before a time. Returns their number. */
  async deleteExpired({ until, limit }: { until: number; limit: number }): Promise<number> {
    const deleted = await this.#db
      .deleteFrom("invitations")
      .where("id", "in", (inside) =>
        inside.selectFrom("invitations").select("id").where("created_at", "<", until).limit(limit),
      )
      .returning("content_id")
      .execute();
    await this.#deleteUnused(deleted);
    return deleted.length;
  }

  /** Returns the group info of a chat, with its epoch. */
  findGroupInfo(chat_id: number): Promise<{ epoch: number; group_info: Uint8Array } | undefined> {
    return this.#db
      .selectFrom("group_infos")
      .select(["epoch", "group_info"])
      .where("chat_id", "=", chat_id)
      .executeTakeFirst();
  }

  /** Lists which of these members have proposed to leave in an epoch. */
  async listLeaving(
    chat_id: number,
    epoch: number,
    user_ids: readonly number[],
  ): Promise<number[]> {
    const rows = await this.#db
      .selectFrom("messages")
      .select("sender_id")
      .distinct()
      .where("chat_id", "=", chat_id)
      .where("epoch", "=", epoch)
      .where("content_type", "=", "proposal")
      .where("sender_id", "in", user_ids)
      .execute();
    return rows.map(({ sender_id }) => sender_id);
  }

  /** Lists which of these users exist, and have not blocked the user who adds them. */
  async listAddable(by: number, user_ids: readonly number[]): Promise<number[]> {
    const rows = await this.#db
      .selectFrom("users")
      .select("id")
      .where("id", "in", user_ids)
      .where("is_active", "=", 1)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("chat_members as theirs")
              .innerJoin("chat_members as own", "own.chat_id", "theirs.chat_id")
              .select("theirs.chat_id")
              .whereRef("theirs.user_id", "=", "users.id")
              .where("theirs.blocked_at", "is not", null)
              .where("own.user_id", "=", by),
          ),
        ),
      )
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Deletes contents of deleted invitations that no other device needs. */
  async #deleteUnused(deleted: readonly { readonly content_id: number }[]): Promise<void> {
    if (deleted.length === 0) return;
    const ids = [...new Set(deleted.map(({ content_id }) => content_id))];
    await this.#db
      .deleteFrom("invitation_contents")
      .where("id", "in", ids)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom("invitations")
              .select("id")
              .whereRef("content_id", "=", "invitation_contents.id"),
          ),
        ),
      )
      .execute();
  }
}
