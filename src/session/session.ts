import type * as z from "zod/mini";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import type { LacreError, ValidationError } from "../errors.js";
import { type Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat, Resume } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema } from "../messages/define-message.js";
import type { ErrorResponse } from "../messages/error-response.js";
import { MessageListResponse } from "../messages/lists.js";
import { directionKeys } from "./channel.js";
import { CLOSE, closeCode, reconnectDelay } from "./close-codes.js";
import type {
  OutgoingMessage,
  RefusalReason,
  SessionAction,
  SessionEvent,
  SessionNotice,
} from "./events.js";
import { type Greeting, greet } from "./handshake.js";
import { Inbox } from "./inbox.js";
import { type Incoming, incoming, patienceAsked } from "./incoming.js";
import { Marks } from "./marks.js";
import type { Open } from "./open.js";
import type { SessionOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { RecentSet } from "./recent-set.js";
import { isSameBody } from "./server.js";
import { SteadyClock } from "./steady-clock.js";

/** Seconds for a socket to open or to close, and for the server to answer a `hello`. */
const TIMEOUT = 10;
/** The capability of knowing `delivered` marks. */
const DELIVERED = "delivered";
/** The close code of a connection that ended without one. */
const LOST = 1006;

/** Where a session's connection stands. */
type State =
  | { readonly name: "waiting"; readonly until: number }
  | { readonly name: "connecting"; readonly until: number }
  | { readonly name: "greeting"; readonly agree: Greeting["agree"]; readonly until: number }
  | Open
  /** Told to close, and not closed yet. */
  | { readonly name: "closing"; readonly until: number };

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
  readonly #clock = new SteadyClock();
  #state: State = { name: "waiting", until: Number.NEGATIVE_INFINITY };
  /** Whether both ends know such marks. */
  #marksDelivered = false;
  #failures = 0;
  #actions: SessionAction[] = [];

  /** Throws KeyError for a session key that is none, and ValidationError for such an entry of the outbox, or cursor. */
  constructor(options: SessionOptions) {
    directionKeys(options.session_key);
    this.#options = options;
    this.#outbox = new Outbox(options.outbox ?? [], options.user_id);
    this.#inbox = new Inbox(
      options.cursors ?? [],
      (action) => {
        this.#act(action);
        if (action.type === "cursor" && this.#marksDelivered)
          this.#marks.set({ event_type: DELIVERED, chat_id: action.chat_id, seq: action.seq });
        if (action.type === "deliver" && action.notice.type === "rewound")
          this.#marks.rewind(action.notice.chat_id, action.notice.last_seq);
      },
      (message) => this.#recognise(message),
    );
  }

  /**
   * What to do about an event at `now`: all of it, in order, before the next event. Throws ValidationError, and does
   * nothing, for a mark or a chat to follow that is none.
   */
  handle(event: SessionEvent, now: number): SessionAction[] {
    this.#actions = [];
    const time = this.#clock.read(now);
    this.#take(event, time);
    this.#pursue(time);
    const deadline = this.#nextDeadline();
    if (!Number.isFinite(deadline)) return this.#actions;
    return [{ type: "wake", at: this.#clock.callers(deadline) }, ...this.#actions];
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
    }
  }

  /** Does what is due, whatever happened. */
  #pursue(now: number): void {
    const state = this.#state;
    if (state.name === "open") return this.#converse(state, now);
    if (state.until > now) return;
    if (state.name === "waiting") {
      this.#act({ type: "connect" });
      this.#state = { name: "connecting", until: now + TIMEOUT };
    } else if (state.name === "closing") {
      this.#closed(LOST, now);
    } else {
      this.#close(CLOSE.silent, now);
    }
  }

  #converse(open: Open, now: number): void {
    const messages = this.#outbox.due(now);
    const requests = this.#inbox.due(now);
    if (messages === undefined || requests === undefined || open.silentAt <= now)
      return this.#close(CLOSE.silent, now);
    for (const message of messages) this.#transmit(open, ChatMessage, message, now);
    for (const request of requests) this.#transmit(open, Resume, request, now);
    const { user_id } = this.#options;
    for (const mark of this.#marks.due()) {
      this.#transmit(open, StatusEvent, { user_id, ...mark }, now);
    }
    if (open.heartbeatAt <= now) this.#transmit(open, Heartbeat, { sent_at: now }, now);
  }

  #nextDeadline(): number {
    const state = this.#state;
    if (state.name !== "open") return state.until;
    const { silentAt, heartbeatAt } = state;
    return Math.min(silentAt, heartbeatAt, this.#outbox.turns.deadline, this.#inbox.turns.deadline);
  }

  #greet(now: number): void {
    if (this.#state.name !== "connecting") return;
    const { session_key, wires = [2, 1], capabilities = [], device_id } = this.#options;
    const { frame, agree } = greet(session_key, { wires, capabilities, device_id }, now);
    this.#state = { name: "greeting", agree, until: now + TIMEOUT };
    this.#act({ type: "transmit", bytes: frame });
  }

  #receive(data: unknown, now: number): void {
    const state = this.#state;
    if (state.name === "greeting") return this.#welcomed(state.agree, data, now);
    if (state.name !== "open") return this.#refuse("state");
    let message: VerifiedMessage;
    try {
      message = state.open(data, now);
    } catch (error) {
      return this.#refuse("frame", error);
    }
    if (message.wire !== state.wire) {
      this.#refuse("wire");
      return this.#close(CLOSE.protocolError, now);
    }
    const parsed = incoming.safeParse(message);
    if (parsed.success) return this.#dispatch(parsed.value, now);
    this.#refuse("payload", parsed.error);
    // Asked again without end, a list that cannot be read would end every connection.
    if (message.type === MessageListResponse.type) this.#inbox.refuse(message.payload.chat_id);
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
      case "unknown":
        return this.#refuse("type");
    }
  }

  #welcomed(agree: Greeting["agree"], data: unknown, now: number): void {
    let open: Open;
    try {
      open = agree(data, now);
    } catch (error) {
      this.#refuse("welcome", error);
      return this.#close(CLOSE.protocolError, now);
    }
    const { wire, capabilities } = open;
    this.#state = open;
    this.#marksDelivered = [this.#options.capabilities, capabilities].every((known) =>
      known?.includes(DELIVERED),
    );
    this.#notify({ type: "online", wire, capabilities });
    this.#outbox.connect();
    this.#inbox.connect();
    this.#marks.connect();
  }

  #send(written: OutgoingMessage): void {
    const { client_id } = written;
    if (this.#outbox.get(client_id) || this.#acknowledged.has(client_id)) return;
    try {
      this.#act({ type: "persist", message: this.#outbox.add(written) });
    } catch (error) {
      const { code, message } = error as ValidationError;
      this.#failed(written, code, message);
    }
  }

  #mark(event: Extract<SessionEvent, { type: "mark" }>, now: number): void {
    const { event_type, chat_id, seq = this.#inbox.cursor(chat_id) } = event;
    const { user_id } = this.#options;
    if (event_type === "read") {
      StatusEvent.parse({ event_type, chat_id, user_id, seq });
      return this.#marks.set({ event_type, chat_id, seq });
    }
    if (this.#state.name !== "open") return;
    this.#transmit(this.#state, StatusEvent, { event_type, chat_id, user_id }, now);
  }

  #acknowledge(ack: Ack): void {
    const message = this.#outbox.underWay(ack.client_id);
    if (message?.chat_id === ack.chat_id) {
      this.#settle(message, ack.seq, ack.message_id);
      this.#inbox.acknowledge(message, ack.seq);
    } else if (!this.#acknowledged.has(ack.client_id)) {
      this.#refuse("ack");
    }
  }

  /** Whether a message is one of the outbox that comes back before its acknowledgement, which it stands for. */
  #recognise(message: ChatMessage): boolean {
    const { client_id, seq, message_id } = message;
    const own = this.#outbox.get(client_id);
    if (own === undefined || seq === undefined || !isSameBody(own, message)) return false;
    this.#settle(own, seq, message_id);
    return true;
  }

  #settle(message: OutgoingMessage, seq: number, message_id?: number): void {
    const { client_id, chat_id } = message;
    this.#remove(message);
    this.#acknowledged.add(client_id);
    this.#notify({ type: "sent", client_id, chat_id, seq, message_id });
  }

  #fail(error: ErrorResponse, now: number): void {
    const { client_id, resume } = error.details ?? {};
    const patience = patienceAsked(error);
    const retryAt = patience && now + patience;
    const message = this.#outbox.underWay(client_id);
    if (message !== undefined && retryAt !== undefined) {
      this.#outbox.postpone(message, retryAt);
    } else if (message !== undefined) {
      this.#remove(message);
      this.#failed(message, error.error_code, error.error_message);
    } else if (
      !this.#acknowledged.has(client_id as string) &&
      !this.#inbox.refuse(resume, retryAt)
    ) {
      this.#notify({ type: "error", error });
    }
  }

  #failed(
    { client_id, chat_id }: OutgoingMessage,
    error_code: string,
    error_message: string,
  ): void {
    this.#act({ type: "failed", client_id, chat_id, error_code, error_message });
  }

  #remove({ client_id }: OutgoingMessage): void {
    this.#outbox.remove(client_id);
    this.#act({ type: "forget", client_id });
  }

  #close(code: number, now: number): void {
    this.#state = { name: "closing", until: now + TIMEOUT };
    this.#act({ type: "close", code, reason: closeCode(code).name });
  }

  #closed(code: number, now: number): void {
    const state = this.#state;
    if (state.name === "waiting") return;
    const wasUseful = state.name === "open" && state.isStable(now);
    this.#failures = wasUseful ? 0 : this.#failures + 1;
    const { retry } = closeCode(code);
    const delay = reconnectDelay(this.#failures, (this.#options.random ?? Math.random)());
    this.#state = { name: "waiting", until: retry ? now + delay : Number.POSITIVE_INFINITY };
    this.#notify({ type: "offline", code, retry });
  }

  #transmit<Type extends string, Schema extends PayloadSchema>(
    open: Open,
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    now: number,
  ): void {
    this.#act({ type: "transmit", bytes: open.encode(definition, value, now) });
  }

  #refuse(reason: RefusalReason, error?: unknown): void {
    this.#notify({ type: "refused", reason, error: error as LacreError | undefined });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }

  #act(action: SessionAction): void {
    this.#actions.push(action);
  }
}
