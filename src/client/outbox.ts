import { objectArgument } from "../arguments.js";
import { encodeUuid } from "../bytes.js";
import { unixNow } from "../clock.js";
import { uuidv7 } from "../crypto/random.js";
import { KeyError } from "../errors.js";
import type {
  OutgoingMessage,
  SessionAction,
  SessionEvent,
  SessionNotice,
} from "../session/events.js";
import { ClientError } from "./errors.js";
import { idArgument, type OwnOptions } from "./options.js";

/** A call of `send` whose message is not stored yet. */
interface Unstored {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** Settles when the storage has stored it or failed. Undefined until the session requests that. */
  storing: Promise<void> | undefined;
  cause?: unknown;
}

/** The messages that the server has not acknowledged: encrypts and stores them, and gives them to the session. */
export class ClientOutbox<Sent> {
  readonly #options: OwnOptions<Sent, unknown>;
  /** Settles when the session is there, or will never be. */
  readonly #ready: Promise<void>;
  /** Passes an event to the session. */
  readonly #handle: (event: SessionEvent) => void;
  /** The messages by client id, in order. */
  readonly #queued = new Map<string, OutgoingMessage>();
  readonly #unstored = new Map<string, Unstored>();
  /** The last call of `send` of each chat. */
  readonly #sending = new Map<number, Promise<string>>();
  /** Client ids of messages that failed and may still be stored. Such an id can be sent again. */
  readonly #failed = new Set<string>();
  #isStopped = false;

  constructor(
    options: OwnOptions<Sent, unknown>,
    ready: Promise<void>,
    handle: (event: SessionEvent) => void,
  ) {
    this.#options = options;
    this.#ready = ready;
    this.#handle = handle;
  }

  /** Adds the stored messages of an earlier run. */
  load(outbox: readonly OutgoingMessage[]): void {
    for (const message of outbox) this.#queued.set(message.client_id, message);
  }

  of(chatId: number): OutgoingMessage[] {
    return [...this.#queued.values()].filter(({ chat_id }) => chat_id === chatId);
  }

  send(chatId: number, content: Sent, options: { readonly client_id?: string }): Promise<string> {
    const sending = this.#send(chatId, content, options);
    this.#sending.set(chatId, sending);
    const remove = () => {
      if (this.#sending.get(chatId) === sending) this.#sending.delete(chatId);
    };
    sending.then(remove, remove);
    return sending;
  }

  /** Removes and returns a message that the server accepted, with the fields that the server assigned. */
  takeSent(notice: Extract<SessionNotice, { type: "sent" }>): OutgoingMessage | undefined {
    const { client_id, seq, message_id, stored_at } = notice;
    const queued = this.take(client_id);
    return (
      queued && {
        ...{ ...queued, seq },
        ...(message_id !== undefined && { message_id }),
        ...(stored_at !== undefined && { stored_at }),
      }
    );
  }

  /** Removes and returns a message that failed. Returns undefined if its call of `send` reports it. */
  takeFailed(failed: Extract<SessionAction, { type: "failed" }>): OutgoingMessage | undefined {
    const { client_id, error_message } = failed;
    const message = this.take(client_id);
    const unstored = this.#unstored.get(client_id);
    if (message !== undefined) this.#failed.add(client_id);
    if (unstored === undefined) return message;
    this.#unstored.delete(client_id);
    const { cause } = unstored;
    unstored.reject(new ClientError("ERR_NOT_STORED", error_message, { cause }));
    return undefined;
  }

  /** Resolves when the storage does not write a message, so that its removal cannot come first. */
  async untilStored(clientId: string): Promise<void> {
    await this.#unstored.get(clientId)?.storing?.catch(() => {});
  }

  /** Removes a message from the storage, unless it was sent again meanwhile: then the new one has replaced it. */
  async removeStored(clientId: string): Promise<void> {
    if (this.#queued.has(clientId)) return;
    await this.#options.storage.removeOutgoing(clientId);
    this.#failed.delete(clientId);
  }

  /** Removes and returns a message. */
  take(clientId: string): OutgoingMessage | undefined {
    const message = this.#queued.get(clientId);
    this.#queued.delete(clientId);
    return message;
  }

  /** Stores a message, and reports to the session whether it is stored. */
  async store(message: OutgoingMessage): Promise<void> {
    const { client_id } = message;
    const unstored = this.#unstored.get(client_id)!;
    this.#queued.set(client_id, message);
    try {
      unstored.storing = this.#add(message);
      await unstored.storing;
    } catch (error) {
      unstored.cause = error;
      return this.#handle({ type: "store_failed", client_id });
    }
    this.#unstored.delete(client_id);
    unstored.resolve();
    this.#handle({ type: "stored", client_id });
  }

  async #add(message: OutgoingMessage): Promise<void> {
    const { storage } = this.#options;
    if (this.#failed.delete(message.client_id)) await storage.removeOutgoing(message.client_id);
    await storage.addOutgoing(message);
  }

  /** Rejects later messages. Resolves when the earlier ones are stored. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#sending.values());
  }

  async #send(
    chatId: number,
    content: Sent,
    options: { readonly client_id?: string },
  ): Promise<string> {
    const { client_id = encodeUuid(uuidv7(unixNow())) } = objectArgument(options, "options");
    idArgument(chatId, "chat_id");
    if (this.#isStopped) throw new ClientError("ERR_STOPPED", "the client is stopped");
    await this.#sending.get(chatId)?.catch(() => {});
    await this.#ready;
    const cipher = await this.#options.chats(chatId);
    if (cipher === undefined)
      throw new KeyError(`chat ${chatId} has no cipher: let options.chats return one`);
    const { user_id } = this.#options.session;
    const message = { chat_id: chatId, sender_id: user_id, content, client_id };
    const encrypted = { ...(await cipher.encrypt(message)), client_id };
    // The session ignores a client id that was sent before. This one is of a message to another chat.
    if (this.#unstored.has(client_id)) return client_id;
    return new Promise((resolve, reject) => {
      const unstored: Unstored = { resolve: () => resolve(client_id), reject, storing: undefined };
      this.#unstored.set(client_id, unstored);
      this.#handle({ type: "send", message: encrypted });
      if (!unstored.storing && this.#unstored.delete(client_id)) resolve(client_id);
    });
  }
}
