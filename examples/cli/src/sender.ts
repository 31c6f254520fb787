import { randomUUID } from "node:crypto";
import { type Ack, ChatMessage, type ErrorResponse, LacreError } from "lacre";
import { encryptMessage } from "lacre/e2e";
import type { LiveConnection } from "./live-connection.js";
import type { OpenChat } from "./open-chat.js";
import type { Output } from "./output.js";

/** Messages in flight at once: enough to keep a connection busy, few enough to hold in memory. */
const WINDOW = 64;

/** Encrypts and sends the messages of one chat, and waits for the server to have stored them. */
export class Sender {
  readonly #connection: LiveConnection;
  readonly #chat: OpenChat;
  readonly #userId: number;
  readonly #output: Output;
  /** Texts that the server has not answered to, by client id. */
  readonly #inFlight = new Map<string, string>();
  readonly #sent = new Set<string>();
  #waiting: (() => void)[] = [];
  #failed = 0;

  constructor(connection: LiveConnection, chat: OpenChat, userId: number, output: Output) {
    this.#connection = connection;
    this.#chat = chat;
    this.#userId = userId;
    this.#output = output;
  }

  /** How many messages did not become part of the chat. */
  get failed(): number {
    return this.#failed;
  }

  /** Whether a message under this client id went out from here. */
  isSentHere(client_id: string | undefined): boolean {
    return client_id !== undefined && this.#sent.has(client_id);
  }

  /** Sends, as soon as not too much is in flight. */
  async send(text: string): Promise<void> {
    await this.#until(() => this.#inFlight.size < WINDOW);
    const client_id = randomUUID();
    try {
      const message = await encryptMessage(this.#chat.key, {
        chat_id: this.#chat.chat_id,
        sender_id: this.#userId,
        content: { kind: "text", text },
        client_id,
      });
      this.#inFlight.set(client_id, text);
      this.#sent.add(client_id);
      this.#connection.send(ChatMessage, message);
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      this.#failed += 1;
      this.#output.error(error.code, `not sent: ${error.message}`);
    }
  }

  /** When the server has answered to everything. */
  isSettled(): Promise<void> {
    return this.#until(() => this.#inFlight.size === 0);
  }

  onAck({ client_id, seq }: Ack): void {
    const text = this.#settle(client_id);
    if (text === undefined) return;
    this.#output.sent({ chat_id: this.#chat.chat_id, client_id, seq, text });
  }

  onError({ details }: ErrorResponse): void {
    const client_id = details?.client_id;
    if (typeof client_id === "string" && this.#settle(client_id) !== undefined) this.#failed += 1;
  }

  #settle(client_id: string): string | undefined {
    const text = this.#inFlight.get(client_id);
    this.#inFlight.delete(client_id);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
    return text;
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resume) => this.#waiting.push(resume));
  }
}
