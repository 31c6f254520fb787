import { LacreError } from "../../errors.js";
import type { ChatMessage } from "../../messages/chat.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { MlsChat } from "../../mls/chat.js";
import type { ChatEvent } from "../../mls/chat-types.js";
import { DeviceLogError } from "../../mls/errors.js";
import { ClosedError } from "./background.js";
import type { Context } from "./context.js";
import { type KeptChat, NOT_LEAVING } from "./kept-chat.js";
import { isRestored, keys } from "./records.js";
import { changeMessages } from "./stored-messages.js";
import type { MlsMessage } from "./types.js";

/** What is to be stored for an event. */
interface Effect<Definition extends AnyContentDefinition> {
  readonly event: MlsMessage<Definition>;
  readonly fields?: Parameters<KeptChat["save"]>[1];
  /** Whether there may be something to commit. */
  readonly isChange?: boolean;
}

/** What a reader calls, which talks to the server. */
interface Work {
  /** Joins what there is to join. */
  readonly sync: () => Promise<void>;
  /** Commits what is due in a chat. */
  readonly tend: (kept: KeptChat) => void;
}

/**
 * Reads messages: each is decrypted once, in one transaction with the next state of its chat, and after that comes from the
 * storage.
 */
export class Reader<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;
  readonly #work: Work;

  constructor(context: Context<Definition>, work: Work) {
    this.#context = context;
    this.#work = work;
  }

  /**
   * Returns what a message is. Waits, and tries again, while the storage fails, or the server from which a device log is needed.
   *
   * @throws {ClosedError} if the chats are closed meanwhile.
   */
  async read(message: ChatMessage): Promise<MlsMessage<Definition>> {
    const { background, emit } = this.#context;
    const { chat_id } = message;
    const isFinal = (error: unknown) => error instanceof LacreError;
    return background.repeat(
      () => this.#read(message),
      isFinal,
      (error) => emit({ type: "error", chat_id, error }),
    );
  }

  async #read(message: ChatMessage): Promise<MlsMessage<Definition>> {
    const { background, chats } = this.#context;
    const { chat_id, seq, epoch } = message;
    if (epoch === undefined) return { kind: "unreadable", reason: "wrong_header" };
    if (seq === undefined) return this.#readOutgoing(message);
    const known = await this.#known(message);
    if (known !== undefined) return known;
    // The invitation to the chat may be on its way.
    if (chats.get(chat_id)?.chat === undefined) await this.#work.sync();
    const kept = chats.get(chat_id);
    if (kept === undefined) return { kind: "unreadable", reason: "unknown_epoch" };
    try {
      return await kept.run(() => this.#receive(kept, kept.chat, message));
    } catch (error) {
      // The device was replaced. The new one has not joined the chat yet.
      if (!(error instanceof ClosedError) || background.isStopped) throw error;
      return { kind: "unreadable", reason: "unknown_epoch" };
    }
  }

  /** Returns what is stored of a message that was read before, or that this device wrote. */
  async #known(message: ChatMessage): Promise<MlsMessage<Definition> | undefined> {
    const { storage, records, own, changedChats } = this.#context;
    const { chat_id, sender_id, timestamp, client_id, device } = message;
    const stored = await this.#stored(message);
    if (stored !== undefined) return stored;
    if (device !== own.device?.id || sender_id !== own.device?.user_id) return undefined;
    const bytes = await storage.get(keys.own(client_id!));
    const written = bytes && records.readOwn(bytes);
    // The server may have moved it to another chat, or changed its time.
    if (written?.chat_id !== chat_id || written.timestamp !== timestamp) return undefined;
    await storage.write([records.store(message, written.event), [keys.own(client_id!), undefined]]);
    changedChats.add(chat_id);
    return written.event;
  }

  async #stored(message: ChatMessage): Promise<MlsMessage<Definition> | undefined> {
    const { storage, records } = this.#context;
    const bytes = await storage.get(keys.message(message.chat_id, message.seq!));
    if (bytes === undefined) return undefined;
    const read = records.read(bytes, message);
    // The one that was read stays if the server puts another one in its place. A restored one proves less: the server may have
    // lost it since then, or a removed device made it up.
    if (read !== undefined || isRestored(bytes)) return read;
    return { kind: "unreadable", reason: "wrong_header" };
  }

  /** Returns the content of a message of the outbox. */
  async #readOutgoing({ client_id }: ChatMessage): Promise<MlsMessage<Definition>> {
    const { storage, records } = this.#context;
    const bytes = await storage.get(keys.own(client_id!));
    return bytes ? records.readOwn(bytes).event : { kind: "unreadable", reason: "not_decryptable" };
  }

  async #receive(
    kept: KeptChat,
    before: MlsChat | undefined,
    message: ChatMessage,
  ): Promise<MlsMessage<Definition>> {
    const { logs, contents, records, storage, changedChats } = this.#context;
    // Another call may have read it while this one waited, or stored the commit that it is.
    const known = await this.#known(message);
    if (known !== undefined) return known;
    // A stopped chat follows the server no more.
    if (before === undefined || kept.record.isStopped)
      return { kind: "unreadable", reason: "unknown_epoch" };
    let { chat, event } = await before.receive(message, logs.all, { contents });
    if (event.kind === "log_needed") {
      await this.#fetch(event.user_ids);
      ({ chat, event } = await before.receive(message, logs.all, { contents }));
    }
    const effect = this.#effectOf(kept, before, message, event as ChatEvent<Definition>);
    const change = records.store(message, effect.event);
    const { needsRejoin } = kept;
    const restored = await storage.get(keys.message(kept.chat_id, message.seq!));
    const isKept = restored !== undefined && effect.event.kind === "unreadable";
    await kept.save(chat, effect.fields, isKept ? [] : [change]);
    // A chunk with the restored message is written again.
    if (restored !== undefined) await changeMessages(this.#context, kept.chat_id, []);
    changedChats.add(kept.chat_id);
    if (event.kind === "roster" && event.by.device === this.#context.own.device?.id)
      kept.ownCommits += 1;
    // Once: the messages that follow need nothing else.
    if (kept.needsRejoin && !needsRejoin) void this.#work.sync();
    else if (effect.isChange) this.#work.tend(kept);
    return effect.event;
  }

  /** Fetches logs. One that the server does not show correctly stays as it is. */
  async #fetch(userIds: readonly number[]): Promise<void> {
    try {
      await this.#context.logs.fetchAll(userIds);
    } catch (error) {
      if (!(error instanceof DeviceLogError)) throw error;
    }
  }

  #effectOf(
    { record, chat_id }: KeptChat,
    chat: MlsChat,
    message: ChatMessage,
    event: ChatEvent<Definition>,
  ): Effect<Definition> {
    switch (event.kind) {
      case "own": {
        // This device sent it, and the stored state is from before that: a backup was restored.
        const mustRejoin = record.mustRejoin || BigInt(message.epoch!) >= chat.epoch;
        const unreadable = { kind: "unreadable", reason: "not_decryptable" } as const;
        return { event: unreadable, fields: { mustRejoin } };
      }
      case "conflict": {
        const { lost, kind, ...change } = event;
        const fields = {
          add: [...new Set([...record.add, ...lost.add])],
          remove: [...new Set([...record.remove, ...lost.remove])],
          mustRejoin: record.mustRejoin || change.epoch === undefined,
        };
        const applied: MlsMessage<Definition> =
          change.epoch === undefined
            ? { kind: "unreadable", reason: "unknown_epoch" }
            : { kind: "roster", ...(change as Required<typeof change>) };
        return { event: applied, fields, isChange: true };
      }
      case "fork":
        this.#context.emit({ type: "fork", user_id: event.user_id, chat_id });
        return { event, fields: { isStopped: true } };
      case "log_needed":
        // This device cannot follow the commit. It can join again when the server shows the logs.
        return { event, fields: { mustRejoin: true } };
      case "removed":
        return { event, fields: { ...NOT_LEAVING, add: [], remove: [] } };
      case "unreadable": {
        const isStuck = message.content_type === "commit" && event.reason === "not_decryptable";
        const isBehind = event.reason === "unknown_epoch" || isStuck;
        const mustRejoin = record.mustRejoin || (isBehind && chat.isActive);
        return { event, fields: { mustRejoin } };
      }
      default:
        return { event, isChange: event.kind !== "content" };
    }
  }
}
