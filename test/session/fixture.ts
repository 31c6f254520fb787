import {
  Ack,
  type ChatMessage,
  type MessageDefinition,
  MessageListResponse,
  type MessageProtocol,
  type PayloadSchema,
  Resume,
  type ValueToSend,
} from "../../src/index.js";
import { type Acceptance, acceptHello, type WelcomeOffer } from "../../src/server/index.js";
import {
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionEvent,
  type SessionNotice,
  type SessionOptions,
} from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";

export const SESSION_KEY = counting(32);
export const ALICE = 7;
export const BOB = 8;
export const CHAT = 42;
export const offer: WelcomeOffer = { capabilities: ["delivered"], limits: {}, heartbeat: 30 };

/** Alice's session, connected to a server that the test controls. */
export class SessionFixture {
  now = NOW;
  readonly session: Session;
  #accepted: Acceptance | undefined;

  constructor(options: Partial<SessionOptions> = {}) {
    this.session = new Session({
      session_key: SESSION_KEY,
      user_id: ALICE,
      cursors: [[CHAT, 0]],
      random: () => 0.5,
      ...options,
    });
  }

  /** Returns a session that is online and whose first resume is answered. */
  static online(options?: Partial<SessionOptions>, welcome = offer): SessionFixture {
    const fixture = new SessionFixture(options);
    fixture.connect(welcome);
    for (const [chat_id, after] of options?.cursors ?? [[CHAT, 0] as const]) {
      fixture.receive(MessageListResponse, {
        chat_id,
        after,
        through: after,
        messages: [],
        has_more: false,
      });
    }
    return fixture;
  }

  handle(event: SessionEvent): SessionAction[] {
    return this.session.handle(event, this.now);
  }

  /** Advances the time and returns the actions of a tick. */
  pass(seconds: number): SessionAction[] {
    this.now += seconds;
    return this.handle({ type: "tick" });
  }

  connect(welcome: WelcomeOffer = offer): SessionAction[] {
    this.handle({ type: "tick" });
    const [hello] = transmitted(this.handle({ type: "connected" }));
    this.#accepted = acceptHello(hello, SESSION_KEY, welcome, this.now);
    return this.handle({ type: "frame", data: this.#accepted.frame });
  }

  get channel(): Acceptance["channel"] {
    return this.#accepted!.channel;
  }

  get welcomeFrame(): Uint8Array {
    return this.#accepted!.frame;
  }

  /** Receives a message of the server and returns the actions. */
  receive<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): SessionAction[] {
    return this.handle({ type: "frame", data: this.channel.encode(definition, value, this.now) });
  }

  /** Opens the transmitted frames as the server. */
  read(actions: readonly SessionAction[]): MessageProtocol[] {
    return transmitted(actions).map((bytes) => this.channel.open(bytes, this.now));
  }

  /** Sends and stores a message, and returns the actions. */
  send(message: OutgoingMessage): SessionAction[] {
    return [
      ...this.handle({ type: "send", message }),
      ...this.handle({ type: "stored", client_id: message.client_id }),
    ];
  }

  ack(message: OutgoingMessage, seq: number): SessionAction[] {
    const { client_id, chat_id } = message;
    return this.receive(Ack, {
      client_id,
      chat_id,
      message_id: 100 + seq,
      seq,
      stored_at: this.now,
    });
  }

  resumes(actions: readonly SessionAction[]): Resume[] {
    return this.read(actions)
      .filter(({ type }) => type === "resume")
      .map((one) => Resume.fromProtocol(one));
  }

  list(value: Partial<MessageListResponse>): SessionAction[] {
    return this.receive(MessageListResponse, {
      chat_id: CHAT,
      messages: [],
      has_more: false,
      ...value,
    });
  }
}

/** Returns the types of the transmitted messages. */
export function types(fixture: SessionFixture, actions: readonly SessionAction[]): string[] {
  return fixture.read(actions).map(({ type }) => type);
}

export function transmitted(actions: readonly SessionAction[]): Uint8Array[] {
  return actions.flatMap((action) => (action.type === "transmit" ? [action.bytes] : []));
}

export function notices(actions: readonly SessionAction[]): SessionNotice[] {
  return actions.flatMap((action) => (action.type === "deliver" ? [action.notice] : []));
}

/** Returns the seqs of the delivered messages. */
export function delivered(actions: readonly SessionAction[]): (number | undefined)[] {
  return notices(actions).flatMap((notice) =>
    notice.type === "message" ? [notice.message.seq] : [],
  );
}

export function only<Type extends SessionAction["type"]>(
  actions: readonly SessionAction[],
  type: Type,
): Extract<SessionAction, { type: Type }>[] {
  return actions.filter((action) => action.type === type) as never;
}

/** Returns a message of bob. */
export function fromBob(seq: number | undefined, fields: Partial<ChatMessage> = {}): ChatMessage {
  const number = fields.message_id ?? seq ?? 0;
  return {
    chat_id: CHAT,
    sender_id: BOB,
    content: counting(16),
    nonce: counting(12).map((byte) => byte + number),
    timestamp: NOW,
    client_id: `018bcfe5-687b-7abc-8def-${number.toString(16).padStart(12, "0")}`,
    ...(seq !== undefined && { seq }),
    ...fields,
  };
}

/** Returns a message of alice, ready to send. */
export function fromAlice(number: number, chat_id = CHAT): OutgoingMessage {
  const client_id = `018bcfe5-687b-7abc-8dea-${number.toString(16).padStart(12, "0")}`;
  return {
    ...fromBob(undefined),
    chat_id,
    sender_id: ALICE,
    client_id,
    nonce: counting(12).map((byte) => byte + 100 + number),
  };
}
