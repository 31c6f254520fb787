import type * as z from "zod/mini";
import { type ChatKey, type Content, decryptMessage, encryptMessage } from "../../src/e2e/index.js";
import {
  Ack,
  ChatMessage,
  type MessageDefinition,
  MessageListResponse,
  type PayloadSchema,
  Resume,
  type VerifiedMessage,
} from "../../src/index.js";
import {
  acceptHello,
  answerResume,
  type Channel,
  type OutgoingMessage,
  Session,
  type SessionAction,
  type SessionNotice,
} from "../../src/session/index.js";
import { NOW } from "../support/examples.js";

export const CHAT = 42;
const offer = { capabilities: [], limits: {}, heartbeat: 30 };
let written = 0;

/** Somebody with a device, a session and the chat's key. */
export class Person {
  readonly received: ChatMessage[] = [];
  readonly notices: SessionNotice[] = [];
  readonly session: Session;
  /** Frames that wait to go out. */
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

  hears(frame: Uint8Array): void {
    this.perform(this.session.handle({ type: "frame", data: frame }, NOW));
  }

  perform(actions: readonly SessionAction[]): void {
    for (const action of actions) {
      if (action.type === "transmit") this.outgoing.push(action.bytes);
      if (action.type !== "deliver") continue;
      this.notices.push(action.notice);
      if (action.notice.type === "message") this.received.push(action.notice.message);
    }
  }

  /** What came, decrypted; what does not decrypt by its error's code. */
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

  /** What the session noticed that was not as it should be. */
  get refusals(): unknown[] {
    return this.notices.flatMap((notice) => (notice.type === "refused" ? [notice.reason] : []));
  }
}

/** A server with one chat, that does as it should unless a story changes what it has, or says. */
export class Server {
  readonly stored: ChatMessage[] = [];
  readonly #channels = new Map<Person, Channel>();

  /** Greets a person's new connection. */
  connect(person: Person): void {
    person.perform(person.session.handle({ type: "tick" }, NOW));
    person.perform(person.session.handle({ type: "connected" }, NOW));
    const hello = person.outgoing.pop();
    const accepted = acceptHello(hello, person.sessionKey, offer, NOW)!;
    this.#channels.set(person, accepted.channel);
    person.hears(accepted.frame);
    this.serve(person);
  }

  channelOf(person: Person): Channel {
    return this.#channels.get(person)!;
  }

  opens(person: Person, frame: Uint8Array): VerifiedMessage {
    return this.channelOf(person).open(frame, NOW);
  }

  /** Reads all that a person sent, and does what a server does. */
  serve(person: Person): void {
    for (const frame of person.outgoing.splice(0)) {
      const message = this.opens(person, frame);
      if (message.type === "message") this.#store(person, ChatMessage.fromProtocol(message));
      if (message.type === "resume") this.#resume(person, Resume.fromProtocol(message));
    }
  }

  #store(person: Person, message: ChatMessage): void {
    const known = this.stored.find(({ client_id }) => client_id === message.client_id);
    const stored = known ?? {
      ...message,
      seq: this.stored.length + 1,
      message_id: 1000 + this.stored.length,
    };
    if (known === undefined) this.stored.push(stored);
    const { client_id = "", seq = 0, message_id = 0, chat_id } = stored;
    this.says(person, Ack, { client_id, chat_id, message_id, seq, stored_at: NOW });
    this.serve(person);
  }

  #resume(person: Person, resume: Resume): void {
    const messages = this.stored.filter(({ seq = 0 }) => seq > resume.after);
    this.says(
      person,
      MessageListResponse,
      answerResume(resume, { last_seq: this.stored.length, messages }),
    );
  }

  /** Signs a value for a person's connection and sends it. */
  says<Type extends string, Schema extends PayloadSchema>(
    person: Person,
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
  ): void {
    person.hears(this.channelOf(person).encode(definition, value, NOW));
  }

  /** Hands a person what was stored for them. */
  delivers(person: Person, message: ChatMessage): void {
    this.says(person, ChatMessage, message);
  }
}
