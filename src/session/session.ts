import { invalidArgument, listArgument, objectArgument } from "../arguments.js";
import { CLOSE, closeCode } from "../connection/close-codes.js";
import { PIPELINE } from "../connection/pipeline.js";
import { SteadyClock } from "../connection/steady-clock.js";
import type { VerifiedMessage } from "../envelope/message-protocol.js";
import type { LacreError } from "../errors.js";
import { type Ack, ChatMessage, StatusEvent } from "../messages/chat.js";
import { type Heartbeat, Resume } from "../messages/connection.js";
import type { MessageDefinition, PayloadSchema, ValueToSend } from "../messages/define-message.js";
import type { ErrorResponse } from "../messages/error-response.js";
import { MessageListResponse } from "../messages/lists.js";
import type { RefusalReason, SessionAction, SessionEvent, SessionNotice } from "./events.js";
import { type Handshake, startHandshake } from "./handshake.js";
import { Inbox } from "./inbox.js";
import { type Incoming, incoming, isClockError, retryDelayOf } from "./incoming.js";
import { type Open, PROBE_TIMEOUT } from "./open.js";
import { copyOptions, type OwnOptions, type SessionOptions } from "./options.js";
import { Outbox } from "./outbox.js";
import { Receipts } from "./receipts.js";
import { asksToReconnectLater, reconnectDelay } from "./reconnect.js";
import { hurried, LATE_TICK, LOST, type State, TIMEOUT } from "./state.js";

/** Capability of an end that supports `delivered` receipts. */
const DELIVERED = "delivered";

/**
 * State machine of the client's side of a connection (section 11 of docs/PROTOCOL.md). It performs the handshake, sends each
 * message of the outbox until the server acknowledges it, delivers received messages once and in order, requests missing ones,
 * and reconnects. It does no I/O and has no clock and no timers: the caller performs the actions that `handle` returns. Input
 * from the peer never makes it throw. Times are Unix time in seconds.
 *
 * ```ts
 * const session = new Session({ session_key, user_id, outbox, cursors });
 * for (const action of session.handle({ type: "tick" }, Date.now() / 1000)) perform(action);
 * ```
 */
export class Session {
  readonly #options: OwnOptions;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #receipts = new Receipts();
  readonly #clock = new SteadyClock();
  #state: State = { name: "waiting", until: Number.NEGATIVE_INFINITY };
  /** Whether both ends support `delivered` receipts. */
  #sendsDelivered = false;
  /** Number of consecutive connection attempts without a stable connection. */
  #failures = 0;
  /** The time of the last `wake`. */
  #deadline = Number.POSITIVE_INFINITY;
  #actions: SessionAction[] = [];

  /**
   * @throws {KeyError} if the session key is not 32 bytes or is all zero.
   * @throws {ValidationError} if an entry of the outbox, a cursor or an option for the `hello` is invalid.
   */
  constructor(options: SessionOptions) {
    this.#options = copyOptions(objectArgument(options, "options"));
    const { user_id } = this.#options;
    this.#outbox = new Outbox(
      listArgument(options.outbox ?? [], "options.outbox"),
      user_id,
      (action) => this.#act(action),
    );
    this.#inbox = new Inbox(
      listArgument(options.cursors ?? [], "options.cursors"),
      (action) => {
        this.#act(action);
        if (action.type === "cursor" && this.#sendsDelivered)
          this.#receipts.set({ event_type: DELIVERED, chat_id: action.chat_id, seq: action.seq });
        if (action.type === "deliver" && action.notice.type === "rewound")
          this.#receipts.rewind(action.notice.chat_id, action.notice.last_seq);
      },
      (message) => this.#outbox.recognise(message),
    );
  }

  /**
   * Handles an event at `now`, Unix time in seconds, and returns the actions to perform, in order, before the next event.
   *
   * @throws {ValidationError} if the type of the event is unknown, a `mark` or `follow` event is invalid, or `now` is not a Unix
   *   time in seconds. The event then has no effect.
   */
  handle(event: SessionEvent, now: number): SessionAction[] {
    this.#actions = [];
    objectArgument(event, "event");
    const time = this.#clock.read(now);
    this.#apply(event, time);
    this.#runTimers(time);
    const deadline = this.#nextDeadline();
    this.#deadline = deadline;
    if (!Number.isFinite(deadline)) return this.#actions;
    return [{ type: "wake", at: this.#clock.toCallerTime(deadline) }, ...this.#actions];
  }

  #apply(event: SessionEvent, now: number): void {
    switch (event.type) {
      case "connected":
        return this.#startHandshake(now);
      case "frame":
        return this.#receive(event.data, now);
      case "send":
        return this.#outbox.send(event.message);
      case "stored":
        return this.#outbox.markStored(event.client_id);
      case "store_failed":
        return this.#outbox.markNotStored(event.client_id);
      case "withdraw":
        return this.#outbox.withdraw(event.client_id);
      case "follow":
        return this.#inbox.follow(event.chat_id);
      case "mark":
        return this.#mark(event, now);
      case "probe":
        return this.#probe(now);
      case "tick":
        if (now - this.#deadline > LATE_TICK) this.#probe(now);
        return;
      case "closed":
        return this.#onClosed(event.code, now);
      default:
        throw invalidArgument("event.type", "is not the type of an event");
    }
  }

  /** Performs the work that is due, after any event. */
  #runTimers(now: number): void {
    const state = this.#state;
    if (state.name === "open") return this.#sendDue(state, now);
    if (state.until > now) return;
    if (state.name === "waiting") {
      this.#act({ type: "connect" });
      const timeout = state.isHurried ? PROBE_TIMEOUT : TIMEOUT;
      this.#state = { name: "connecting", until: now + timeout };
    } else if (state.name === "closing") {
      this.#onClosed(LOST, now);
    } else {
      this.#close(CLOSE.silent, now);
    }
  }

  #probe(now: number): void {
    const state = this.#state;
    if (state.name !== "open") this.#state = hurried(state, now);
    else if (state.probe(now)) this.#sendHeartbeat(state, now);
  }

  #sendDue(open: Open, now: number): void {
    const messages = this.#outbox.due(now);
    const requests = this.#inbox.due(now);
    if (messages === undefined || requests === undefined || open.silentAt <= now)
      return this.#close(CLOSE.silent, now);
    for (const message of messages) this.#transmit(open, ChatMessage, message, now);
    for (const request of requests) this.#transmit(open, Resume, request, now);
    const { user_id } = this.#options;
    for (const receipt of this.#receipts.due(now)) {
      this.#transmit(open, StatusEvent, { user_id, ...receipt }, now);
    }
    if (open.heartbeatAt <= now) this.#sendHeartbeat(open, now);
  }

  #nextDeadline(): number {
    const state = this.#state;
    if (state.name !== "open") return state.until;
    const { silentAt, heartbeatAt } = state;
    const delays = [this.#outbox, this.#inbox, this.#receipts].map(({ deadline }) => deadline);
    return Math.min(silentAt, heartbeatAt, ...delays);
  }

  #startHandshake(now: number): void {
    if (this.#state.name !== "connecting") return;
    const { frame, agree } = startHandshake(this.#options.session_key, this.#options.offer, now);
    this.#state = { name: "handshake", agree, until: now + TIMEOUT };
    this.#act({ type: "transmit", bytes: frame });
  }

  #receive(data: unknown, now: number): void {
    const state = this.#state;
    if (state.name === "handshake") return this.#onWelcome(state.agree, data, now);
    if (state.name !== "open") return this.#reject("state");
    let message: VerifiedMessage;
    try {
      message = state.open(data, now);
    } catch (error) {
      this.#reject("frame", error);
      if (isClockError((error as LacreError).code)) this.#close(CLOSE.protocolError, now);
      return;
    }
    if (message.wire !== state.wire) {
      this.#reject("wire");
      return this.#close(CLOSE.protocolError, now);
    }
    const parsed = incoming.safeParse(message);
    if (parsed.success) return this.#dispatch(state, parsed.value, now);
    this.#reject("payload", parsed.error);
    // Count an invalid list as a failed resume: otherwise the client would request it forever, and each connection would time
    // out.
    if (message.type === MessageListResponse.type) this.#inbox.reject(message.payload.chat_id, now);
  }

  #dispatch(open: Open, parsed: Incoming, now: number): void {
    switch (parsed.type) {
      case "message":
        return this.#inbox.receive(parsed.value);
      case "ack":
        return this.#onAck(parsed.value);
      case "message_list":
        return this.#inbox.answer(parsed.value, now) ? undefined : this.#reject("list");
      case "error":
        return this.#onError(parsed.value, now);
      case "heartbeat":
        return this.#onHeartbeat(open, parsed.value, now);
      case "status":
        return this.#notify({ type: "status", status: parsed.value });
      case "devices":
        return this.#notify({ type: "devices", devices: parsed.value });
      case "unknown":
        return this.#reject("type");
    }
  }

  #onWelcome(agree: Handshake["agree"], data: unknown, now: number): void {
    let open: Open;
    try {
      open = agree(data, now);
    } catch (error) {
      this.#reject("welcome", error);
      return this.#close(CLOSE.protocolError, now);
    }
    const { wire, capabilities } = open;
    this.#state = open;
    this.#sendsDelivered = this.#isInForce(DELIVERED, open);
    this.#notify({ type: "online", wire, capabilities, server_time: open.serverTime(now) });
    this.#outbox.connect(this.#isInForce(PIPELINE, open));
    this.#inbox.connect();
    this.#receipts.connect();
  }

  /** Whether both ends have a capability. */
  #isInForce(capability: string, { capabilities }: Open): boolean {
    const { offer } = this.#options;
    return [offer.capabilities, capabilities].every((known) => known.includes(capability));
  }

  #sendHeartbeat(open: Open, now: number): void {
    this.#act({ type: "transmit", bytes: open.heartbeat(now) });
  }

  #onHeartbeat(open: Open, heartbeat: Heartbeat, now: number): void {
    const { ofServer, ofClient } = open.answered(heartbeat, now);
    if (ofServer + ofClient === 0) return;
    this.#notify({ type: "lost", frames: ofServer + ofClient });
    if (ofServer > 0) this.#inbox.resumeAll();
    // Only receipts, or the refusals of them: messages and resumes are sent again anyway until they are answered.
    this.#receipts.connect();
  }

  #mark(event: Extract<SessionEvent, { type: "mark" }>, now: number): void {
    const { event_type, chat_id, seq = this.#inbox.cursor(chat_id) } = event;
    const { user_id } = this.#options;
    if (event_type === "read") {
      StatusEvent.parse({ event_type, chat_id, user_id, seq, timestamp: now });
      return this.#receipts.set({ event_type, chat_id, seq });
    }
    if (event_type !== "typing")
      throw invalidArgument("event.event_type", "must be read or typing");
    if (this.#state.name !== "open") return;
    this.#transmit(this.#state, StatusEvent, { event_type, chat_id, user_id }, now);
  }

  #onAck(ack: Ack): void {
    const message = this.#outbox.acknowledge(ack);
    if (message !== undefined) this.#inbox.acknowledge(message, ack.seq);
    else if (!this.#outbox.wasAcknowledged(ack.client_id)) this.#reject("ack");
  }

  #onError(error: ErrorResponse, now: number): void {
    if (isClockError(error.error_code)) {
      this.#notify({ type: "error", error });
      return this.#close(CLOSE.protocolError, now);
    }
    const { client_id, resume, mark, chat_id } = error.details ?? {};
    const retryDelay = retryDelayOf(error);
    const retryAt = retryDelay && now + retryDelay;
    const isKnown =
      this.#outbox.reject(error, retryAt) ||
      this.#outbox.wasAcknowledged(client_id) ||
      this.#inbox.reject(resume, now, retryAt) ||
      (retryAt !== undefined && this.#receipts.postpone(mark, chat_id, retryAt));
    if (!isKnown) this.#notify({ type: "error", error });
  }

  #close(code: number, now: number): void {
    this.#act({ type: "close", code, reason: closeCode(code).name });
    // Do not wait for the close: a silent server does not answer it either.
    if (code === CLOSE.silent) return this.#onClosed(code, now);
    this.#state = { name: "closing", until: now + TIMEOUT };
  }

  #onClosed(code: number, now: number): void {
    const state = this.#state;
    if (state.name === "waiting") return;
    const wasUseful = state.name === "open" && state.isStable(now);
    this.#failures = wasUseful ? 0 : this.#failures + 1;
    const { retry } = closeCode(code);
    const within = state.name === "open" && asksToReconnectLater(code) ? state.reconnectWithin : 0;
    const delay = reconnectDelay(this.#failures, this.#options.random(), within);
    const until = retry ? now + delay : Number.POSITIVE_INFINITY;
    const isHurried = state.name === "open" && state.isProbed;
    this.#state = { name: "waiting", until, isHurried };
    this.#notify({ type: "offline", code, retry });
  }

  #transmit<Type extends string, Schema extends PayloadSchema>(
    open: Open,
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
    now: number,
  ): void {
    this.#act({ type: "transmit", bytes: open.encode(definition, value, now) });
  }

  #reject(reason: RefusalReason, error?: unknown): void {
    this.#notify({ type: "refused", reason, error: error as LacreError | undefined });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }

  #act(action: SessionAction): void {
    this.#actions.push(action);
  }
}
