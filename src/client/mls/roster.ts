import { unixNow } from "../../clock.js";
import { KeyError, LacreError } from "../../errors.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import { MlsChat } from "../../mls/chat.js";
import { idsArgument } from "../../mls/chat-arguments.js";
import { DeviceLogError, MlsChatError } from "../../mls/errors.js";
import { ClosedError, codeOf, isRejection } from "./background.js";
import { type Context, keptChat, newIdentity } from "./context.js";
import { Joins, LONGEST_WAIT } from "./joins.js";
import type { KeptChat } from "./kept-chat.js";

/** Maximum number of chats, of which a malicious server could name any. */
const MAX_CHATS = 10_000;
/** Seconds after which failed work on a chat is repeated. */
const RETRY_INTERVAL = 30;
/** Seconds after which the device log of a member is fetched again, although no notice said that it has grown. */
const LOG_INTERVAL = 600;

/** Joins chats, and makes the commits that are due or wanted. */
export class Roster<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;
  readonly #joins: Joins<Definition>;

  constructor(context: Context<Definition>) {
    this.#context = context;
    this.#joins = new Joins(context, (kept) => this.#sendPending(kept));
  }

  /** Does what is to be done. Returns the seconds after which to look again. */
  async sync(): Promise<number> {
    const { logs, own, user_id, keyPackages, server, chats } = this.#context;
    await logs.fetch(user_id);
    if (!own.isLinked) return LONGEST_WAIT;
    const waits = [LONGEST_WAIT];
    // Where one fails, the others are done all the same: a commit may have to remove a device.
    for (const work of [
      () => keyPackages.publish(own.device!),
      () => this.#joins.byInvitations(own.device!),
    ])
      waits.push(await this.#guarded(undefined, () => work().then(() => LONGEST_WAIT)));
    for (const chat_id of await server.chats()) {
      if (chats.size >= MAX_CHATS && !chats.has(chat_id)) continue;
      const kept = keptChat(this.#context, chat_id);
      if (!kept.needsRejoin) continue;
      waits.push(await this.#guarded(chat_id, () => this.#joins.again(own.device!, kept)));
    }
    for (const kept of chats.values()) waits.push(await this.tend(kept));
    return Math.min(...waits);
  }

  /** Does what is to be done in one chat. Returns the seconds after which to look again. */
  tend(kept: KeptChat): Promise<number> {
    return this.#guarded(kept.chat_id, () => this.#tend(kept));
  }

  /** Does work on a chat, and reports its failure. Returns the seconds after which to look again. */
  async #guarded(chat_id: number | undefined, work: () => Promise<number>): Promise<number> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      this.#context.emit({ type: "error", chat_id, error });
      return error instanceof LacreError || isRejection(error) ? LONGEST_WAIT : RETRY_INTERVAL;
    }
  }

  async create(chat_id: number, suite: 1 | 0xf00d, added: Iterable<number>): Promise<void> {
    const { logs, own, server, user_id } = this.#context;
    const add = idsArgument(added, "options.add");
    if (!own.isLinked)
      throw new KeyError("this device is not one of the account: begin, link or recover first");
    const users = [...new Set([user_id, ...add])];
    await logs.fetchAll(users);
    this.#requireDecided(users);
    const keyPackages = await server.claim(chat_id, users, suite);
    const kept = keptChat(this.#context, chat_id);
    const { rejection } = kept;
    await kept.run(async () => {
      if (kept.chat !== undefined) return;
      const options = { chat_id, suite, add, keyPackages, logs: logs.all };
      const { chat, missing } = await MlsChat.create(own.device!, { ...options, ...newIdentity() });
      await kept.save(chat);
      kept.isCaughtUp = true;
      this.#report(chat_id, missing);
    });
    requireMembers(kept, users);
    await kept.work(() => this.#sendPending(kept));
    if (kept.rejection !== rejection) throw kept.rejection;
    requireMembers(kept, users);
    this.#context.emit({ type: "joined", chat_id });
  }

  /** Adds and removes members, or replaces the keys of this device if there are no changes. */
  async change(kept: KeptChat, added: Iterable<number>, removed: Iterable<number>): Promise<void> {
    const [add, remove] = [
      idsArgument(added, "changes.add"),
      idsArgument(removed, "changes.remove"),
    ];
    this.#requireActive(kept, remove);
    const { rejection } = kept;
    await kept.run(() => kept.save(undefined, kept.wanted({ add, remove })));
    await this.#tendUntilDone(kept, add.length + remove.length === 0);
    const { members } = kept.chat!;
    const isDone =
      add.every((id) => members.includes(id)) && !remove.some((id) => members.includes(id));
    // Another call, or the background, has made the commit that was rejected.
    if (!isDone && kept.rejection !== rejection) throw kept.rejection;
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
    do await this.#tendUntilDone(kept, false);
    while (!(await kept.work(() => this.#proposeLeaving(kept))));
  }

  /** Lets the chats go on that were stopped by commits under other logs than this device had: it joins them again. */
  async resume(): Promise<void> {
    for (const kept of this.#context.chats.values()) {
      if (!kept.record.isStopped) continue;
      await kept.run(() => kept.save(undefined, { isStopped: false, mustRejoin: true }));
    }
  }

  /** @throws {MlsChatError} if this device cannot change the chat, from which a commit is to remove some users. */
  #requireActive(kept: KeptChat, remove: readonly number[] = []): void {
    if (kept.chat?.isActive && !kept.isStopped([...kept.wanted().remove, ...remove])) return;
    const message =
      "this device cannot change the chat: it was removed, is to join again, or the chat is stopped";
    throw new MlsChatError("ERR_NOT_IN_GROUP", message);
  }

  async #tendUntilDone(kept: KeptChat, isUpdate: boolean): Promise<void> {
    const { ownCommits } = kept;
    for (;;) {
      const { changed } = kept;
      const isWanted = () => isUpdate && kept.ownCommits === ownCommits;
      if (kept.chat === undefined || kept.isRemoved || kept.isStopped()) this.#requireActive(kept);
      if (kept.usable !== undefined) {
        await this.#tend(kept, isWanted());
        const { add, remove } = kept.record;
        const isPending = kept.chat?.pending !== undefined || add.length + remove.length > 0;
        if (!isPending && !isWanted()) return;
      }
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
      await logs.fetchOld(without(chat.members, remove), LOG_INTERVAL);
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
    const { record } = kept;
    // Changes that came during the requests are for the next commit.
    const left = () => ({
      add: without(kept.record.add, record.add),
      remove: without(kept.record.remove, record.remove),
    });
    try {
      await this.#makeCommit(kept, left);
    } catch (error) {
      // The same changes would fail again.
      if (error instanceof LacreError || isRejection(error)) {
        kept.rejection = error;
        await kept.run(() => kept.save(undefined, left()));
      }
      throw error;
    }
    await this.#sendPending(kept);
  }

  async #makeCommit(kept: KeptChat, left: () => Partial<typeof kept.record>): Promise<void> {
    const { logs, server } = this.#context;
    const { chat, record, chat_id } = kept;
    await logs.fetchAll(without([...chat!.members, ...record.add], record.remove));
    this.#requireDecided(record.add);
    const missing = chat!.missing(logs.all).map(({ user_id }) => user_id);
    const users = without([...new Set([...record.add, ...missing])], record.remove);
    const keyPackages = users.length > 0 ? await server.claim(chat_id, users, chat!.suite) : [];
    await kept.run(async () => {
      const { usable } = kept;
      if (usable === undefined || usable.pending !== undefined) return;
      const add = without(record.add, usable.members);
      const remove = record.remove.filter((id) => usable.members.includes(id));
      const changes = { add, remove, keyPackages, logs: logs.all, ...newIdentity() };
      const step = await usable.commit(changes);
      await kept.save(step.chat, left());
      this.#report(chat_id, step.missing);
    });
  }

  /** Sends the commit that is stored. Leaves it if another one came first: the chat then receives that one. */
  async #sendPending(kept: KeptChat): Promise<void> {
    const { server, records } = this.#context;
    const request = kept.chat?.pending;
    if (request === undefined) return;
    const client_id = request.message.client_id!;
    const isPending = () => kept.chat?.pending?.message.client_id === client_id;
    const isRejoin = !kept.chat!.isActive;
    // A rejoin adds no device but this one.
    if (isRejoin ? kept.record.isStopped : kept.isStopped()) return;
    // The group is here only: there is no commit of another device to receive.
    const isCreation = request.message.epoch === 0 && !isRejoin;
    try {
      await server.commit(request);
    } catch (error) {
      if (!isRejection(error)) throw error;
      if (isRejoin) await kept.run(() => kept.save(undefined, { mustRejoin: true }));
      if (codeOf(error) === "ERR_EPOCH_CONFLICT" && !isCreation) return;
      await kept.run(async () => {
        if (!isPending()) return;
        kept.rejection = error;
        await (isCreation ? kept.remove() : kept.save(kept.chat!.withdraw()));
      });
      throw error;
    }
    await kept.run(async () => {
      if (!isPending()) return;
      const { chat, event } = kept.chat!.accept();
      // The commit comes with the chat's messages too, and is then read as this event.
      const change = records.storeOwn({ ...request.message, client_id }, event as never);
      await kept.save(chat, {}, [change]);
      kept.ownCommits += 1;
    });
  }

  /** Proposes to leave in the present epoch. Returns false if that is not possible now. */
  async #proposeLeaving(kept: KeptChat): Promise<boolean> {
    const { records, user_id } = this.#context;
    const isProposed = await kept.run(async () => {
      const chat = kept.usable;
      if (chat === undefined || chat.pending !== undefined) return false;
      const { epoch } = chat;
      const identity = newIdentity();
      const { chat: next, message: proposal } = await chat.leave(identity);
      const { chat_id } = kept;
      const change = records.storeOwn({ chat_id, ...identity }, { kind: "leaving", user_id });
      await kept.save(next, { leavingIn: Number(epoch), proposal }, [change]);
      return true;
    });
    if (isProposed) await this.#sendProposal(kept);
    return isProposed;
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

  /** @throws {DeviceLogError} if devices of a user would be added whose log is disputed. */
  #requireDecided(users: readonly number[]): void {
    const disputed = users.filter((id) => this.#context.logs.isDisputed(id));
    if (disputed.length === 0) return;
    const message = `decide about the device logs of users ${disputed.join(", ")} first`;
    throw new DeviceLogError("ERR_DEVICE_LOG_FORK", message, [], disputed);
  }

  #report(chat_id: number, devices: readonly { user_id: number; device: string }[]): void {
    if (devices.length > 0) this.#context.emit({ type: "missing", chat_id, devices });
  }
}

function without(ids: readonly number[], others: readonly number[]): number[] {
  return ids.filter((id) => !others.includes(id));
}

/** @throws {MlsChatError} `ERR_NOT_IN_GROUP` if the chat has a group of other users: the server may have invited this device to it. */
function requireMembers({ chat }: KeptChat, users: readonly number[]): void {
  const members = new Set(chat?.members);
  if (members.size === users.length && users.every((id) => members.has(id))) return;
  throw new MlsChatError("ERR_NOT_IN_GROUP", "the chat has a group already, of other members");
}
