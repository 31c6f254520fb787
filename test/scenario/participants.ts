import { type ChatKey, type Content, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import {
  Ack,
  ChatMessage,
  type MessageDefinition,
  MessageListResponse,
  type PayloadSchema,
  Resume,
  type ValueToSend,
  type VerifiedMessage,
} from "../../src/index.js";
import { acceptHello, answerResume, type Channel } from "../../src/server/index.js";
import {
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionNotice,
} from "../../src/session/index.js";
import { NOW } from "../support/examples.js";

export const CHAT = 42;
const offer = { capabilities: [], limits: {}, heartbeat: 30 };
let written = 0;

/** A user with one device, a session and the chat's key. */
export class TestUser {
  readonly received: ChatMessage[] = [];
  readonly notices: SessionNotice[] = [];
  readonly session: Session;
  /** Transmitted frames that the server has not read. */
  outgoing: Uint8Array[] = [];
  readonly chatKey: ChatKey;
  readonly name: string;
  readonly id: number;
  readonly sessionKey: Uint8Array;

  constructor(name: string, id: number, sessionKey: Uint8Array, chatKey: ChatKey, cursor = 0) {
    this.name = name;
    this.id = id;
    this.sessionKey = sessionKey;
    this.chatKey = chatKey;
    this.session = new Session({
      session_key: sessionKey,
      user_id: id,
      cursors: [[CHAT, cursor]],
      random: () => 0.5,
    });
  }

  async writes(text: string): Promise<OutgoingMessage> {
    written += 1;
    const client_id = `018bcfe5-687b-7abc-8def-${written.toString(16).padStart(12, "0")}`;
    const content = { kind: "text", text } as const;
    const header = { chat_id: CHAT, sender_id: this.id, timestamp: NOW, client_id };
    const message = { ...(await encryptMessage(this.chatKey, { ...header, content })), client_id };
    this.perform(this.session.handle({ type: "send", message }, NOW));
    this.perform(this.session.handle({ type: "stored", client_id }, NOW));
    return message;
  }

  now = NOW;

  receives(frame: Uint8Array): void {
    this.perform(this.session.handle({ type: "frame", data: frame }, this.now));
  }

  waits(seconds: number): void {
    this.now += seconds;
    this.perform(this.session.handle({ type: "tick" }, this.now));
  }

  perform(actions: readonly SessionAction[]): void {
    for (const action of actions) {
      if (action.type === "transmit") this.outgoing.push(action.bytes);
      if (action.type !== "deliver") continue;
      this.notices.push(action.notice);
      if (action.notice.type === "message") this.received.push(action.notice.message);
    }
  }

  /** Decrypts the received messages. Returns the code of the error for a message that does not decrypt. */
  reads(): Promise<(string | Content)[]> {
    return Promise.all(this.received.map((message) => this.#read(message)));
  }

  async #read(message: ChatMessage): Promise<string | Content> {
    try {
      const content = await decryptMessage(this.chatKey, message);
      return content.kind === "text" ? content.text : content;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** The reasons of the `refused` notices. */
  get rejections(): unknown[] {
    return this.notices.flatMap((notice) => (notice.type === "refused" ? [notice.reason] : []));
  }
}

/** A server with one chat. It follows the protocol unless a test changes `stored` or sends other messages. */
export class Server {
  readonly stored: ChatMessage[] = [];
  readonly #channels = new Map<TestUser, Channel>();

  /** Connects a user and answers the hello. */
  connect(user: TestUser): void {
    user.perform(user.session.handle({ type: "tick" }, NOW));
    user.perform(user.session.handle({ type: "connected" }, NOW));
    const hello = user.outgoing.pop();
    const accepted = acceptHello(hello, user.sessionKey, offer, NOW);
    this.#channels.set(user, accepted.channel);
    user.receives(accepted.frame);
    this.serve(user);
  }

  channelOf(user: TestUser): Channel {
    return this.#channels.get(user)!;
  }

  opens(user: TestUser, frame: Uint8Array): VerifiedMessage {
    return this.channelOf(user).open(frame, NOW);
  }

  /** Handles all frames that a user transmitted. */
  serve(user: TestUser): void {
    for (const frame of user.outgoing.splice(0)) {
      const message = this.opens(user, frame);
      if (message.type === "message") this.#store(user, ChatMessage.fromProtocol(message));
      if (message.type === "resume") this.#resume(user, Resume.fromProtocol(message));
    }
  }

  #store(user: TestUser, message: ChatMessage): void {
    const known = this.stored.find(({ client_id }) => client_id === message.client_id);
    const stored = known ?? {
      ...message,
      seq: this.stored.length + 1,
      message_id: 1000 + this.stored.length,
    };
    if (known === undefined) this.stored.push(stored);
    const { client_id = "", seq = 0, message_id = 0, chat_id } = stored;
    this.sends(user, Ack, { client_id, chat_id, message_id, seq, stored_at: NOW });
    this.serve(user);
  }

  #resume(user: TestUser, resume: Resume): void {
    const messages = this.stored.filter(({ seq = 0 }) => seq > resume.after);
    this.sends(
      user,
      MessageListResponse,
      answerResume(resume, { last_seq: this.stored.length, messages }),
    );
  }

  /** Sends a message to a user, in a frame of the user's connection. */
  sends<Type extends string, Schema extends PayloadSchema>(
    user: TestUser,
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): void {
    user.receives(this.channelOf(user).encode(definition, value, NOW));
  }

  /** Sends a stored message to a user. */
  delivers(user: TestUser, message: ChatMessage): void {
    this.sends(user, ChatMessage, message);
  }
}
