import { unixNow } from "../../clock.js";
import { KeyError, LacreError } from "../../errors.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import { MlsChat } from "../../mls/chat.js";
import type { Device } from "../../mls/device.js";
import type { DeviceLog } from "../../mls/device-log.js";
import { DeviceLogError, MlsChatError } from "../../mls/errors.js";
import { ClosedError, codeOf, isRejection } from "./background.js";
import { type Context, newIdentity } from "./context.js";
import { KeptChat, NOT_LEAVING } from "./kept-chat.js";
import type { StoredInvitation } from "./server.js";

/** Seconds after which the client looks again for what is due, if nothing is due before. */
const LONGEST_WAIT = 3600;
/** Seconds after which failed work on a chat is repeated. */
const RETRY_INTERVAL = 30;
/** Seconds after which the device log of a member is fetched again, although no notice said that it has grown. */
const LOG_INTERVAL = 600;
/** Minimum seconds between two rejoins of a chat, so that a malicious server cannot make this device commit all the time. */
const REJOIN_INTERVAL = 60;
/** Maximum number of invitations that are read at a time. */
const MAX_INVITATIONS = 256;
/** Number of attempts to get the logs that a step needs, and to rejoin while others commit. */
const MAX_ATTEMPTS = 4;

/** Joins chats, and makes the commits that are due or wanted. */
export class Roster<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;

  constructor(context: Context<Definition>) {
    this.#context = context;
  }

  /** Does what is to be done. Returns the seconds after which to look again. */
  async sync(): Promise<number> {
    const { logs, own, user_id, keyPackages, server, chats } = this.#context;
    await logs.fetch(user_id);
    if (!own.isLinked) return LONGEST_WAIT;
    await keyPackages.publish(own.device!);
    await this.#joinByInvitations(own.device!);
    const waits = [LONGEST_WAIT];
    for (const chat_id of await server.chats()) {
      const kept = chats.get(chat_id) ?? new KeptChat(chat_id, this.#context.storage);
      if (!kept.needsRejoin) continue;
      waits.push(await this.#guarded(chat_id, () => this.#rejoin(own.device!, kept)));
    }
    for (const kept of chats.values()) waits.push(await this.tend(kept));
    return Math.min(...waits);
  }

  /** Does what is to be done in one chat. Returns the seconds after which to look again. */
  tend(kept: KeptChat): Promise<number> {
    return this.#guarded(kept.chat_id, () => this.#tend(kept));
  }

  /** Does work on a chat, and reports its failure. Returns the seconds after which to look again. */
  async #guarded(chat_id: number, work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      this.#context.emit({ type: "error", chat_id, error });
      return error instanceof LacreError || isRejection(error) ? LONGEST_WAIT : RETRY_INTERVAL;
    }
  }

  async create(chat_id: number, suite: 1 | 0xf00d, add: readonly number[]): Promise<void> {
    const { logs, own, server, storage, chats, user_id } = this.#context;
    if (!own.isLinked)
      throw new KeyError("this device is not one of the account: begin, link or recover first");
    const users = [...new Set([user_id, ...add])];
    await logs.fetchAll(users);
    const keyPackages = await server.claim(chat_id, users, suite);
    const kept = chats.get(chat_id) ?? new KeptChat(chat_id, storage);
    await kept.run(async () => {
      if (kept.chat !== undefined) return;
      const options = { chat_id, suite, add, keyPackages, logs: logs.all };
      const { chat, missing } = await MlsChat.create(own.device!, { ...options, ...newIdentity() });
      await kept.save(chat);
      kept.isCaughtUp = true;
      this.#report(chat_id, missing);
    });
    chats.set(chat_id, kept);
    try {
      await kept.work(() => this.#sendPending(kept));
    } catch (error) {
      // The group exists here only. Another attempt begins again.
      if (isRejection(error)) {
        chats.delete(chat_id);
        await kept.run(() => kept.remove());
      }
      throw error;
    }
    this.#context.emit({ type: "joined", chat_id });
  }

  /** Adds and removes members, or replaces the keys of this device if there are no changes. */
  async change(kept: KeptChat, add: readonly number[], remove: readonly number[]): Promise<void> {
    this.#requireActive(kept);
    const isUpdate = add.length + remove.length === 0;
    await kept.run(() =>
      kept.save(undefined, {
        add: [...new Set([...kept.record.add, ...add])],
        remove: [...new Set([...kept.record.remove, ...remove])],
      }),
    );
    await this.#tendUntilDone(kept, isUpdate);
  }

  /** Commits what a message must wait for. */
  async commitNow(kept: KeptChat): Promise<void> {
    const { changed } = kept;
    await kept.work(async () => {
      if (kept.chat?.pending !== undefined) return this.#sendPending(kept);
      if (kept.usable !== undefined) await this.#commit(kept);
    });
    // Another commit came first, and is on its way.
    if (kept.chat?.pending !== undefined) await this.#context.background.until(changed);
  }

  async leave(kept: KeptChat): Promise<void> {
    this.#requireActive(kept);
    if (kept.chat!.pending !== undefined) await this.#tendUntilDone(kept, false);
    await kept.work(() => this.#proposeLeaving(kept));
  }

  #requireActive(kept: KeptChat): void {
    if (kept.chat?.isActive && !kept.record.isStopped) return;
    const message =
      "this device cannot change the chat: it was removed, is to join again, or the chat is stopped";
    throw new MlsChatError("ERR_NOT_IN_GROUP", message);
  }

  async #tendUntilDone(kept: KeptChat, isUpdate: boolean): Promise<void> {
    for (let isWanted = isUpdate; ; isWanted = false) {
      const { changed } = kept;
      await this.#tend(kept, isWanted);
      const { add, remove } = kept.record;
      if (kept.chat?.pending === undefined && add.length + remove.length === 0) return;
      // Another commit came first. The chat receives it, and then commits again.
      await this.#context.background.until(changed);
    }
  }

  /** Sends the waiting commit, or makes one if it is due. Returns the seconds after which to look again. */
  #tend(kept: KeptChat, isUpdate = false): Promise<number> {
    return kept.work(async () => {
      const { mustRejoin } = kept.record;
      if (kept.chat?.pending !== undefined && !mustRejoin) await this.#sendPending(kept);
      const chat = kept.usable;
      if (chat === undefined || chat.pending !== undefined) return LONGEST_WAIT;
      const { logs } = this.#context;
      const { add, remove, leavingIn } = kept.record;
      await logs.fetchOld([...chat.members, ...add], LOG_INTERVAL);
      if (leavingIn >= 0) {
        if (chat.epoch > BigInt(leavingIn)) await this.#proposeLeaving(kept);
        else await this.#sendProposal(kept);
        return LONGEST_WAIT;
      }
      const now = unixNow();
      const due = chat.due({ logs: logs.all, now });
      const wait = kept.waitFor(due, now);
      if (isUpdate || add.length + remove.length > 0 || wait <= 0) {
        await this.#commit(kept);
        return RETRY_INTERVAL;
      }
      return Math.min(wait, LONGEST_WAIT);
    });
  }

  /** Commits what is wanted and due, and sends it. */
  async #commit(kept: KeptChat): Promise<void> {
    const { logs, server } = this.#context;
    const { chat, record, chat_id } = kept;
    await logs.fetchAll([...chat!.members, ...record.add]);
    const missing = chat!.missing(logs.all).map(({ user_id }) => user_id);
    const users = [...new Set([...record.add, ...missing])].filter(
      (id) => !record.remove.includes(id),
    );
    const keyPackages = users.length > 0 ? await server.claim(chat_id, users, chat!.suite) : [];
    await kept.run(async () => {
      const { usable } = kept;
      if (usable === undefined || usable.pending !== undefined) return;
      const add = record.add.filter((id) => !usable.members.includes(id));
      const remove = record.remove.filter((id) => usable.members.includes(id));
      // Changes that came during the requests are for the next commit.
      const left = {
        add: kept.record.add.filter((id) => !record.add.includes(id)),
        remove: kept.record.remove.filter((id) => !record.remove.includes(id)),
      };
      const changes = { add, remove, keyPackages, logs: logs.all, ...newIdentity() };
      const step = await usable.commit(changes).catch(async (error: unknown) => {
        // The same changes would fail again.
        await kept.save(undefined, left);
        throw error;
      });
      await kept.save(step.chat, left);
      this.#report(chat_id, step.missing);
    });
    await this.#sendPending(kept);
  }

  /** Sends the commit that is stored. Leaves it if another one came first: the chat then receives that one. */
  async #sendPending(kept: KeptChat): Promise<void> {
    const { server, records } = this.#context;
    const request = kept.chat?.pending;
    if (request === undefined) return;
    const client_id = request.message.client_id!;
    const isPending = () => kept.chat?.pending?.message.client_id === client_id;
    const isRejoin = !kept.chat!.isActive;
    try {
      await server.commit(request);
    } catch (error) {
      if (!isRejection(error)) throw error;
      if (isRejoin) await kept.run(() => kept.save(undefined, { mustRejoin: true }));
      if (codeOf(error) === "ERR_EPOCH_CONFLICT") return;
      await kept.run(async () => {
        if (isPending()) await kept.save(kept.chat!.withdraw());
      });
      throw error;
    }
    await kept.run(async () => {
      if (!isPending()) return;
      const { chat, event } = kept.chat!.accept();
      // The commit comes with the chat's messages too, and is then read as this event.
      const change = records.storeOwn({ ...request.message, client_id }, event as never);
      await kept.save(chat, {}, [change]);
    });
  }

  /** Proposes to leave in the present epoch. */
  async #proposeLeaving(kept: KeptChat): Promise<void> {
    const { records, user_id } = this.#context;
    const isProposed = await kept.run(async () => {
      const chat = kept.usable;
      if (chat === undefined) return false;
      const { epoch } = chat;
      const identity = newIdentity();
      const { chat: next, message: proposal } = await chat.leave(identity);
      const { chat_id } = kept;
      const change = records.storeOwn({ chat_id, ...identity }, { kind: "leaving", user_id });
      await kept.save(next, { leavingIn: Number(epoch), proposal }, [change]);
      return true;
    });
    if (!isProposed) return this.#requireActive(kept);
    await this.#sendProposal(kept);
  }

  /** Sends the stored proposal to leave, if the server has not acknowledged it. */
  async #sendProposal(kept: KeptChat): Promise<void> {
    const { proposal } = kept.record;
    if (proposal === null) return;
    try {
      await this.#context.server.send(proposal);
    } catch (error) {
      // A commit came first. The next call proposes in its epoch.
      if (codeOf(error) !== "ERR_EPOCH_STALE") throw error;
    }
    await kept.run(() => kept.save(undefined, { proposal: null }));
  }

  async #joinByInvitations(device: Device): Promise<void> {
    const { server, chats, emit } = this.#context;
    for (let after = 0, count = 0; count < MAX_INVITATIONS; count++) {
      const invitation = await server.nextInvitation(device.id, after);
      if (invitation === undefined) return;
      const { chat_id, invitation_id } = invitation;
      after = invitation_id;
      const kept = chats.get(chat_id) ?? new KeptChat(chat_id, this.#context.storage);
      try {
        if (kept.needsRejoin) await this.#join(device, kept, invitation);
      } catch (error) {
        if (!(error instanceof LacreError)) throw error;
        emit({ type: "error", chat_id, error });
      }
      await server.deleteInvitation(invitation_id).catch((error: unknown) => {
        if (!isRejection(error)) throw error;
      });
    }
  }

  async #join(device: Device, kept: KeptChat, { content }: StoredInvitation): Promise<void> {
    const { keyPackages } = this.#context;
    const { chat_id } = kept;
    await kept.run(async () => {
      const { keep, use } = await keyPackages.all();
      const options = { chat_id, content, keep, now: unixNow() };
      const { chat, used } = await this.#withLogs((logs) =>
        MlsChat.join(device, { ...options, logs }, kept.chat),
      );
      await kept.save(chat, { mustRejoin: false, ...NOT_LEAVING, add: [], remove: [] }, use(used));
      kept.isCaughtUp = true;
    });
    this.#joined(kept);
  }

  /** Joins by an external commit, unless the last one was a short time ago. Returns the seconds after which to look again. */
  async #rejoin(device: Device, kept: KeptChat): Promise<number> {
    const { server } = this.#context;
    const { chat_id } = kept;
    const wait = kept.rejoinedAt + REJOIN_INTERVAL - unixNow();
    if (wait > 0) return wait;
    for (let attempt = 0; attempt < MAX_ATTEMPTS && kept.needsRejoin; attempt++) {
      const group_info = await server.groupInfo(chat_id);
      await kept.run(async () => {
        const options = { chat_id, group_info, ...newIdentity() };
        const step = await this.#withLogs((logs) =>
          MlsChat.rejoin(device, { ...options, logs }, kept.chat),
        );
        await kept.save(step.chat, { mustRejoin: false });
        kept.isCaughtUp = true;
        kept.rejoinedAt = unixNow();
      });
      // Before the commit is sent: its answer may be lost.
      this.#context.chats.set(chat_id, kept);
      await kept.work(() => this.#sendPending(kept));
    }
    this.#joined(kept);
    return LONGEST_WAIT;
  }

  #joined(kept: KeptChat): void {
    this.#context.chats.set(kept.chat_id, kept);
    this.#context.emit({ type: "joined", chat_id: kept.chat_id });
  }

  /** Does a step with the stored logs, and again with those that it says it needs. */
  async #withLogs<Value>(step: (logs: DeviceLog[]) => Promise<Value>): Promise<Value> {
    const { logs } = this.#context;
    for (let attempt = 1; ; attempt++) {
      try {
        return await step(logs.all);
      } catch (error) {
        const isBehind = error instanceof DeviceLogError && error.code === "ERR_DEVICE_LOG_BEHIND";
        if (!isBehind || attempt === MAX_ATTEMPTS) throw error;
        await logs.fetchAll(error.user_ids);
      }
    }
  }

  #report(chat_id: number, devices: readonly { user_id: number; device: string }[]): void {
    if (devices.length > 0) this.#context.emit({ type: "missing", chat_id, devices });
  }
}
