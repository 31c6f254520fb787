import { unixNow } from "../../clock.js";
import type { NewContent } from "../../e2e/content.js";
import type { MessageToEncrypt } from "../../e2e/message.js";
import { LacreError } from "../../errors.js";
import type { ChatMessage } from "../../messages/chat.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { MlsChat } from "../../mls/chat.js";
import { MlsChatError } from "../../mls/errors.js";
import { isRejection } from "./background.js";
import { type Context, newIdentity } from "./context.js";
import type { KeptChat } from "./kept-chat.js";
import { keys } from "./records.js";
import type { Roster } from "./roster.js";

/** Encrypts messages: stores the content, then waits until the chat permits it, and stores the next state of the chat. */
export class Writer<Definition extends AnyContentDefinition> {
  readonly #context: Context<Definition>;
  readonly #roster: Roster<Definition>;
  #lastMilliseconds = 0;

  constructor(context: Context<Definition>, roster: Roster<Definition>) {
    this.#context = context;
    this.#roster = roster;
  }

  /**
   * Encrypts a message.
   *
   * @throws {MlsChatError} `ERR_NOT_IN_GROUP` if this device is not in the chat.
   * @throws {ValidationError} if the content is invalid or too long.
   * @throws {ClosedError} if the chats are closed meanwhile. The content is stored, and is one of `unsent` in the next run.
   */
  async encrypt(message: MessageToEncrypt<NewContent<Definition>>): Promise<ChatMessage> {
    const { chats, storage, background, records, own } = this.#context;
    const { chat_id, content, client_id = newIdentity().client_id } = message;
    const kept = chats.get(chat_id);
    if (kept?.chat === undefined || own.device === undefined) throw notInGroup();
    const sender = { user_id: own.device.user_id, device: own.device.id };
    const event = { kind: "content", content: content as never, sender, isRemoved: false } as const;
    const before = await storage.get(keys.own(client_id));
    const isNew = before === undefined;
    // The order of the contents in which the next run sends them.
    const writtenAt = isNew ? this.#nextTimestamp() : records.readOwn(before).timestamp;
    const timestamp = message.timestamp ?? writtenAt;
    const [key, stored] = records.storeOwn({ chat_id, timestamp, client_id }, event);
    await storage.write([[key, stored]]);
    // The caller may change its content while this waits.
    const { content: copy } = records.readOwn(stored!).event as { content: typeof content };
    try {
      for (;;) {
        background.throwIfStopped();
        const { changed } = kept;
        const sent = await kept.run(() => this.#tryToEncrypt(kept, copy, { client_id, timestamp }));
        if (typeof sent === "object") return sent;
        if (sent === "commit first") await this.#commit(kept);
        else await background.until(changed);
      }
    } catch (error) {
      // A content of an earlier call stays one of `unsent`: its user may not see this failure.
      if (isNew && (error instanceof LacreError || isRejection(error)))
        await storage.write([[key, undefined]]);
      throw error;
    }
  }

  /** Returns the time, or 1 ms after the last returned one. */
  #nextTimestamp(): number {
    this.#lastMilliseconds = Math.max(Math.floor(unixNow() * 1000), this.#lastMilliseconds + 1);
    return this.#lastMilliseconds / 1000;
  }

  /** Makes the commit that must come first. Repeats it while the server is unreachable. */
  async #commit(kept: KeptChat): Promise<void> {
    const { background, emit } = this.#context;
    await background.repeat(
      () => this.#roster.commitNow(kept),
      (error) => error instanceof LacreError || isRejection(error),
      (error) => emit({ type: "error", chat_id: kept.chat_id, error }),
    );
  }

  /** Returns whether the group has a device that its user has removed since the last commit (docs/PROTOCOL.md, G-14a). */
  #hasRemovedDevice({ roster }: MlsChat): boolean {
    const { logs } = this.#context;
    return roster.some(({ user_id, device }) => {
      const log = logs.get(user_id);
      return log !== undefined && !log.devices.some(({ id }) => id === device);
    });
  }

  /** Encrypts a content, if the chat permits it now. Call it in a step of the chat. */
  async #tryToEncrypt(
    kept: KeptChat,
    content: NewContent<Definition>,
    identity: { client_id: string; timestamp: number },
  ): Promise<ChatMessage | "wait" | "commit first"> {
    if (kept.isStopped([])) {
      const message = "the chat is stopped: decide about the device logs of its members (review)";
      throw new MlsChatError("ERR_NOT_IN_GROUP", message);
    }
    const isGone = kept.chat === undefined || kept.isRemoved;
    if (isGone || kept.record.leavingIn >= 0) throw notInGroup();
    const chat = kept.usable;
    if (chat === undefined) return "wait";
    if (this.#hasRemovedDevice(chat)) return "commit first";
    try {
      const sent = await chat.encrypt(
        { content, ...identity },
        { contents: this.#context.contents },
      );
      await kept.save(sent.chat);
      return sent.message;
    } catch (error) {
      if (error instanceof MlsChatError && error.code === "ERR_COMMIT_PENDING")
        return "commit first";
      throw error;
    }
  }
}

function notInGroup(): MlsChatError {
  return new MlsChatError(
    "ERR_NOT_IN_GROUP",
    "this device is not in the chat: it was not invited, was removed, or leaves",
  );
}
