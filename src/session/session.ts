import type * as z from "zod/mini";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import { secretBytes } from "../envelope/signing-key.js";
import { LacreError } from "../errors.js";
import { type Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat, Resume } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema } from "../messages/define-message.js";
import type { ErrorResponse } from "../messages/error-response.js";
import { CLOSE, closeCode, reconnectDelay } from "./close-codes.js";
import type {
  OutgoingMessage,
  RefusalReason,
  SessionAction,
  SessionEvent,
  SessionNotice,
} from "./events.js";
import { type Agreement, type Greeting, greet, readWelcome } from "./handshake.js";
import { Inbox } from "./inbox.js";
import { type Incoming, incoming, subjectOf } from "./incoming.js";
import { Marks } from "./marks.js";
import type { SessionOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { RecentSet } from "./recent-set.js";
import { isSameBody } from "./server.js";
import { type Open, type State, silentUntil } from "./state.js";

/** Seconds for the server to answer a `hello`, or for a socket to open. */
const GREETING_TIMEOUT = 10;
/** Seconds after which a connection that breaks was a good one, and the next attempt is made as the first one was. */
const STABLE_AFTER = 10;
/** The capability of knowing `delivered` marks. */
const DELIVERED = "delivered";

/**
 * The client's side of a connection (section 11 of docs/PROTOCOL.md) as a state machine: it greets, sends what is in the
 * outbox until it is acknowledged, hands over what comes once and in order, asks for what it missed, and reconnects. It
 * does no I/O and has no clock and no timers: all that it wants done is in the actions. It never throws on what a peer
 * sends. Times are Unix time in seconds.
 *
 * ```ts
 * const session = new Session({ session_key, user_id, outbox, cursors });
 * for (const action of session.handle({ type: "tick" }, Date.now() / 1000)) perform(action);
 * ```
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #marks = new Marks();
  readonly #acknowledged = new RecentSet();
  #state: State = { name: "waiting", until: Number.NEGATIVE_INFINITY };
  #failures = 0;
  #actions: SessionAction[] = [];

  /** Throws KeyError for a session key that is none. */
  constructor(options: SessionOptions) {
    secretBytes(options.session_key);
    this.#options = options;
    this.#outbox = new Outbox(options.outbox ?? []);
    this.#inbox = new Inbox(
      options.cursors ?? [],
      (action) => {
        this.#act(action);
        if (action.type === "cursor") this.#markDelivered(action.chat_id, action.seq);
      },
      (message) => this.#recognise(message),
    );
  }

  /** What to do about an event at `now`: all of it, in order, before the next event. */
  handle(event: SessionEvent, now: number): SessionAction[] {
    this.#actions = [];
    this.#take(event, now);
    this.#pursue(now);
    const at = this.#nextDeadline();
    if (Number.isFinite(at)) this.#act({ type: "wake", at });
    return this.#actions;
  }

  #take(event: SessionEvent, now: number): void {
    switch (event.type) {
      case "connected":
        return this.#greet(now);
      case "frame":
        return this.#receive(event.data, now);
      case "send":
        return this.#send(event.message);
      case "stored":
        return this.#outbox.markStored(event.client_id);
      case "follow":
        return this.#inbox.follow(event.chat_id);
      case "mark":
        return this.#mark(event, now);
      case "closed":
        return this.#closed(event.code, now);
      case "tick":
        return;
    }
  }

  /** Does what is due, whatever happened. */
  #pursue(now: number): void {
    const state = this.#state;
    switch (state.name) {
      case "waiting":
        if (state.until > now) return;
        this.#act({ type: "connect" });
        this.#state = { name: "connecting", deadline: now + GREETING_TIMEOUT };
        return;
      case "connecting":
      case "greeting":
        if (state.deadline <= now) this.#close(CLOSE.silent);
        return;
      case "closing":
        return;
      case "open":
        if (this.#isSilent(state, now)) {
          this.#close(CLOSE.silent);
          return;
        }
        for (const message of this.#outbox.due(now))
          this.#transmit(state, ChatMessage, message, now);
        for (const request of this.#inbox.due(now)) this.#transmit(state, Resume, request, now);
        for (const mark of this.#marks.due()) {
          this.#transmit(state, StatusEvent, { user_id: this.#options.user_id, ...mark }, now);
        }
        if (state.lastSent + state.welcome.heartbeat <= now) {
          this.#transmit(state, Heartbeat, { sent_at: now }, now);
        }
    }
  }

  #isSilent(open: Open, now: number): boolean {
    const isUnanswered = this.#outbox.isUnanswered(now) || this.#inbox.isUnanswered(now);
    return isUnanswered || silentUntil(open) <= now;
  }

  #nextDeadline(): number {
    const state = this.#state;
    switch (state.name) {
      case "waiting":
        return state.until;
      case "connecting":
      case "greeting":
        return state.deadline;
      case "closing":
        return Number.POSITIVE_INFINITY;
      case "open":
        return Math.min(
          silentUntil(state),
          state.lastSent + state.welcome.heartbeat,
          this.#outbox.deadline,
          this.#inbox.deadline,
        );
    }
  }

  #greet(now: number): void {
    if (this.#state.name !== "connecting") return;
    const { session_key, wires = [2, 1], capabilities = [], device_id } = this.#options;
    const offer = {
      wires: [...wires],
      capabilities: [...capabilities],
      ...(device_id !== undefined && { device_id }),
    };
    const greeting = greet(session_key, offer, now);
    this.#state = { name: "greeting", greeting, deadline: now + GREETING_TIMEOUT };
    this.#act({ type: "transmit", bytes: greeting.frame });
  }

  #receive(data: unknown, now: number): void {
    const state = this.#state;
    if (state.name === "greeting") return this.#welcomed(state.greeting, data, now);
    if (state.name !== "open") return this.#refuse("state");
    let message: VerifiedMessage;
    try {
      message = state.channel.open(data, now + state.clockOffset);
    } catch (error) {
      return this.#refuse("frame", error);
    }
    state.lastReceived = now;
    if (message.wire !== state.channel.wire) {
      this.#refuse("wire");
      return this.#close(CLOSE.protocolError);
    }
    const parsed = incoming.safeParse(message);
    if (!parsed.success) return this.#refuse("payload", parsed.error);
    this.#dispatch(parsed.value, now);
  }

  #dispatch(parsed: Incoming, now: number): void {
    switch (parsed.type) {
      case "message":
        return this.#inbox.receive(parsed.value);
      case "ack":
        return this.#acknowledge(parsed.value);
      case "message_list":
        return this.#inbox.answer(parsed.value) ? undefined : this.#refuse("list");
      case "error":
        return this.#fail(parsed.value, now);
      case "status":
        return this.#notify({ type: "status", status: parsed.value });
      case "heartbeat":
        return;
      case "unknown":
        return this.#refuse("type");
    }
  }

  #welcomed(greeting: Greeting, data: unknown, now: number): void {
    let agreement: Agreement;
    try {
      agreement = readWelcome(this.#options.session_key, greeting, data);
    } catch (error) {
      this.#refuse("welcome", error);
      return this.#close(CLOSE.protocolError);
    }
    const clockOffset = agreement.serverTime - now;
    const times = { since: now, lastReceived: now, lastSent: now };
    this.#state = { name: "open", ...agreement, ...times, clockOffset };
    const { wire } = agreement.channel;
    this.#notify({ type: "online", wire, capabilities: agreement.welcome.capabilities });
    this.#inbox.connect();
  }

  #send(message: OutgoingMessage): void {
    const { client_id, chat_id } = message;
    const checked = ChatMessage.safeParse(message);
    const isOwn = message.sender_id === this.#options.user_id;
    if (this.#outbox.has(client_id) || this.#acknowledged.has(client_id)) return;
    if (!checked.success || client_id === undefined || !isOwn) {
      const error_message = checked.success
        ? "a message is sent under its writer's id, with a client id"
        : checked.error.message;
      this.#act({
        type: "failed",
        client_id,
        chat_id,
        error_code: "ERR_VALIDATION",
        error_message,
      });
      return;
    }
    this.#outbox.add(message);
    this.#act({ type: "persist", message });
  }

  #mark(event: Extract<SessionEvent, { type: "mark" }>, now: number): void {
    const { event_type, chat_id, seq = this.#inbox.cursor(chat_id) } = event;
    if (event_type === "read") return this.#marks.set({ event_type, chat_id, seq });
    if (this.#state.name !== "open") return;
    const { user_id } = this.#options;
    this.#transmit(this.#state, StatusEvent, { event_type, chat_id, user_id }, now);
  }

  #acknowledge(ack: Ack): void {
    const message = this.#outbox.get(ack.client_id);
    if (message?.chat_id === ack.chat_id) {
      this.#settle(message, ack.seq, ack.message_id);
      this.#inbox.acknowledge(message, ack.seq);
    } else if (!this.#acknowledged.has(ack.client_id)) {
      this.#refuse("ack");
    }
  }

  /** Whether a message is one of the outbox that comes back before its acknowledgement, which it stands for. */
  #recognise(message: ChatMessage): boolean {
    const { client_id = "", seq, message_id } = message;
    const own = this.#outbox.get(client_id);
    if (own === undefined || seq === undefined || !isSameBody(own, message)) return false;
    this.#settle(own, seq, message_id);
    return true;
  }

  #settle({ client_id, chat_id }: OutgoingMessage, seq: number, message_id?: number): void {
    this.#outbox.remove(client_id);
    this.#acknowledged.add(client_id);
    this.#act({ type: "forget", client_id });
    this.#notify({ type: "sent", client_id, chat_id, seq, message_id });
  }

  #fail(error: ErrorResponse, now: number): void {
    const { clientId, resumedChat, patience } = subjectOf(error);
    const retryAt = patience === undefined ? undefined : now + patience;
    const message = clientId === undefined ? undefined : this.#outbox.get(clientId);
    if (message !== undefined && retryAt !== undefined) {
      this.#outbox.postpone(message.client_id, retryAt);
    } else if (message !== undefined) {
      const { client_id, chat_id } = message;
      const { error_code, error_message } = error;
      this.#outbox.remove(client_id);
      this.#act({ type: "forget", client_id });
      this.#act({ type: "failed", client_id, chat_id, error_code, error_message });
    } else if (resumedChat === undefined || !this.#inbox.refuseResume(resumedChat, retryAt)) {
      this.#notify({ type: "error", error });
    }
  }

  #close(code: number): void {
    this.#state = { name: "closing" };
    this.#act({ type: "close", code, reason: closeCode(code).name });
  }

  #closed(code: number, now: number): void {
    const state = this.#state;
    if (state.name === "waiting") return;
    const wasUseful = state.name === "open" && now - state.since >= STABLE_AFTER;
    this.#failures = wasUseful ? 0 : this.#failures + 1;
    const { retry } = closeCode(code);
    const delay = reconnectDelay(this.#failures, (this.#options.random ?? Math.random)());
    this.#state = { name: "waiting", until: retry ? now + delay : Number.POSITIVE_INFINITY };
    this.#outbox.disconnect();
    this.#marks.disconnect();
    this.#notify({ type: "offline", code, retry });
  }

  #transmit<Type extends string, Schema extends PayloadSchema>(
    open: Open,
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    now: number,
  ): void {
    open.lastSent = now;
    const bytes = open.channel.encode(definition, value, now + open.clockOffset);
    this.#act({ type: "transmit", bytes });
  }

  #refuse(reason: RefusalReason, error?: unknown): void {
    const known = error instanceof LacreError ? { error } : {};
    this.#notify({ type: "refused", reason, ...known });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }

  /** Tells the others that this device has a chat up to `seq`, where both ends know such marks. */
  #markDelivered(chat_id: number, seq: number): void {
    const state = this.#state;
    const isOurs = this.#options.capabilities?.includes(DELIVERED) ?? false;
    const isTheirs = state.name === "open" && state.welcome.capabilities.includes(DELIVERED);
    if (isOurs && isTheirs) this.#marks.set({ event_type: DELIVERED, chat_id, seq });
  }

  #act(action: SessionAction): void {
    this.#actions.push(action);
  }
}
