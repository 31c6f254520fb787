import { objectArgument } from "../arguments.js";
import { equalConstantTime } from "../bytes.js";
import { messageDigest } from "../connection/message-digest.js";
import { ValidationError } from "../errors.js";
import { type Ack, ChatMessage } from "../messages/chat.js";
import type { ErrorResponse } from "../messages/error-response.js";
import type { OutgoingMessage, SessionAction, SessionNotice } from "./events.js";
import { type Entry, InFlight, Queue } from "./in-flight.js";
import { RecentMap } from "./recent-map.js";

/** Fields that the server assigns to a message when it stores it. */
type Stored = Omit<Extract<SessionNotice, { type: "sent" }>, "type" | "client_id" | "chat_id">;

/** The messages that the server has not acknowledged (section 11 of docs/PROTOCOL.md). */
export class Outbox {
  readonly #inFlight = new InFlight();
  readonly #queues = new Map<number, Queue>();
  readonly #byClientId = new Map<string, Entry>();
  readonly #acknowledged = new RecentMap<true>();
  readonly #userId: number;
  readonly #act: (action: SessionAction) => void;

  /** @throws {ValidationError} if an entry of `pending` is not a valid message of this user. */
  constructor(
    pending: Iterable<OutgoingMessage>,
    userId: number,
    act: (action: SessionAction) => void,
  ) {
    this.#userId = userId;
    this.#act = act;
    for (const message of pending) {
      if (this.#find(objectArgument(message, "options.outbox").client_id)) continue;
      this.#add(message);
      this.markStored(message.client_id);
    }
  }

  /** Adds a message and requests that it is stored. It is sent after that. Reports an invalid message as `failed`. */
  send(written: OutgoingMessage): void {
    // Read getters once, so that the validated values are the stored ones.
    const own = { ...written };
    if (this.#find(own.client_id) || this.#acknowledged.has(own.client_id)) return;
    try {
      const { content, nonce, ...rest } = this.#add(own);
      // Copy the bytes: the application may transfer or wipe those of the action after it stored them.
      const message = { ...rest, content: content.slice(), nonce: nonce.slice() };
      this.#act({ type: "persist", message });
    } catch (error) {
      const { code, message } = error as ValidationError;
      this.#fail(own, code, message);
    }
  }

  /** Marks a message as stored, so that it can be sent. */
  markStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined) return;
    entry.isStored = true;
    this.#inFlight.request(this.#queueOf(entry));
  }

  /** Fails a message that could not be stored. It is not sent, because a restart of the program would lose it. */
  markNotStored(clientId: string): void {
    const entry = this.#byClientId.get(clientId);
    if (entry === undefined || entry.isStored) return;
    this.#fail(
      entry.message,
      "ERR_NOT_STORED",
      "the message could not be stored, so it was not sent",
    );
    this.#remove(entry);
  }

  /** Stops sending a message. A later acknowledgement is ignored. */
  withdraw(clientId: string): void {
    const entry = this.#find(clientId);
    if (entry === undefined) return;
    this.#acknowledged.add(clientId, true);
    this.#dequeue(entry);
  }

  /** Handles an acknowledgement and returns its message; undefined if this connection did not send that message. */
  acknowledge(ack: Ack): OutgoingMessage | undefined {
    const entry = this.#findSent(ack.client_id);
    if (entry?.message.chat_id !== ack.chat_id) return undefined;
    this.#inFlight.accept(this.#queueOf(entry), entry);
    this.#settle(entry, ack);
    return entry.message;
  }

  /** Whether the message with this client id was acknowledged or withdrawn. */
  wasAcknowledged(clientId: unknown): boolean {
    return this.#acknowledged.has(clientId as string);
  }

  /** Whether a received message is one of the outbox. If it is, it counts as acknowledged. */
  recognise(message: ChatMessage): boolean {
    const { client_id, seq, message_id, stored_at } = message;
    const own = this.#find(client_id);
    if (own === undefined || seq === undefined) return false;
    if (!equalConstantTime(messageDigest(own.message), messageDigest(message))) return false;
    this.#settle(own, { seq, message_id, stored_at });
    return true;
  }

  /**
   * Handles an error about a message. `retryAt` is when to retry, Unix time in seconds; undefined if the error is final.
   * Returns false if the error does not concern a message that this connection sent.
   */
  reject(
    { error_code, error_message, details }: ErrorResponse,
    retryAt: number | undefined,
  ): boolean {
    const entry = this.#findSent(details?.client_id);
    if (entry === undefined) return false;
    const queue = this.#queueOf(entry);
    if (retryAt === undefined) {
      this.#inFlight.reject(queue, entry);
      this.#fail(entry.message, error_code, error_message);
      this.#remove(entry);
    } else {
      this.#inFlight.refuse(queue, entry, retryAt, error_code !== "ERR_OUT_OF_ORDER");
    }
    return true;
  }

  /** Starts a new connection, with no message in flight. `isPipelined`: whether both ends have the capability `pipeline`. */
  connect(isPipelined: boolean): void {
    this.#inFlight.connect(isPipelined, this.#queues.values());
  }

  /** Returns the messages to send now and counts them as in flight. Returns undefined if the connection does not answer. */
  due(now: number): OutgoingMessage[] | undefined {
    return this.#inFlight.due(now);
  }

  /** Returns the message with a client id, which may be any value that a peer sends. */
  #find(clientId: unknown): Entry | undefined {
    return this.#byClientId.get(clientId as string);
  }

  /** Returns the message with a client id if this connection sent it. */
  #findSent(clientId: unknown): Entry | undefined {
    const entry = this.#find(clientId);
    return entry !== undefined && this.#inFlight.wasSent(entry) ? entry : undefined;
  }

  #queueOf({ message }: Entry): Queue {
    return this.#queues.get(message.chat_id)!;
  }

  /**
   * Appends a copy of a message.
   *
   * @throws {ValidationError} if the message is invalid, has another sender than this user, or has no client id.
   */
  #add(written: OutgoingMessage): OutgoingMessage {
    // Do not default to the current time: a session reads no clock, and the timestamp is authenticated data of the encryption.
    const timestamp = written.timestamp ?? Number.NaN;
    const { client_id, follows: _, ...checked } = ChatMessage.parse({ ...written, timestamp });
    if (client_id === undefined || checked.sender_id !== this.#userId) {
      const issue = {
        path: [],
        message: "needs the user_id of the session as sender_id, and a client_id",
      };
      throw new ValidationError("message", [issue]);
    }
    const message = { ...checked, client_id };
    const entry: Entry = {
      message,
      isStored: false,
      isSettled: false,
      next: undefined,
      sentOn: undefined,
    };
    this.#byClientId.set(client_id, entry);
    const queue = this.#queues.get(message.chat_id);
    if (queue === undefined) {
      this.#queues.set(message.chat_id, new Queue(entry));
    } else {
      queue.last.next = entry;
      queue.last = entry;
    }
    return message;
  }

  #settle(entry: Entry, { seq, message_id, stored_at }: Stored): void {
    const { client_id, chat_id } = entry.message;
    this.#acknowledged.add(client_id, true);
    const notice = { type: "sent", client_id, chat_id, seq, message_id, stored_at } as const;
    this.#act({ type: "deliver", notice });
    this.#remove(entry);
  }

  #fail({ client_id, chat_id }: OutgoingMessage, error_code: string, error_message: string): void {
    this.#act({ type: "failed", client_id, chat_id, error_code, error_message });
  }

  /** Removes a message here and from the store. Call it after the action that reports the outcome to the application. */
  #remove(entry: Entry): void {
    this.#act({ type: "forget", client_id: entry.message.client_id });
    this.#dequeue(entry);
  }

  #dequeue(entry: Entry): void {
    const { client_id, chat_id } = entry.message;
    const queue = this.#queueOf(entry);
    this.#byClientId.delete(client_id);
    entry.isSettled = true;
    while (queue.first?.isSettled) queue.first = queue.first.next;
    if (queue.first === undefined) this.#queues.delete(chat_id);
    this.#inFlight.drop(queue, entry);
    this.#inFlight.request(queue);
  }

  /** When to call `due` again, Unix time in seconds. */
  get deadline(): number {
    return this.#inFlight.deadline;
  }
}
