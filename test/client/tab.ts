import { type Client, createClient } from "../../src/client/index.js";
import { indexedDbStorage } from "../../src/client/indexeddb/index.js";
import { ChatKey, type Content, chatCipher, type TextContent } from "../../src/e2e/index.js";
import { ALICE, CHAT, SESSION_KEY } from "../session/fixture.js";
import { counting } from "../support/hex.js";

/** The program of a page: a client of alice on the storage that all tabs of a browser share. */
export class Tab {
  /** Texts of the messages that the client reported. */
  readonly received: string[] = [];
  /** Texts of the messages whose `send` resolved. */
  readonly accepted: string[] = [];
  /** What the page does with a message, after it is in `received`. */
  show: () => Promise<void> | void = () => {};
  /** Why the client stopped. */
  stopped: unknown;
  readonly client: Client<TextContent, Content>;

  constructor(key: ChatKey) {
    const cipher = chatCipher(key);
    this.client = createClient<TextContent, Content>({
      ...{ session_key: SESSION_KEY, user_id: ALICE },
      storage: indexedDbStorage("alice"),
      chats: () => cipher,
      url: () => `ws://${location.host}/${ALICE}`,
    });
    this.client.follow(CHAT);
    this.client.on("message", ({ message }) => {
      this.received.push((message.content as TextContent).text);
      return this.show();
    });
    this.client.on("stopped", ({ error }) => {
      this.stopped = error instanceof Error ? error.message : error;
    });
  }

  async send(text: string): Promise<void> {
    await this.client.send(CHAT, { kind: "text", text });
    this.accepted.push(text);
  }

  /** Sends messages one after the other until the client is stopped. */
  async sendUntilStopped(name: string): Promise<void> {
    for (let count = 1; this.client.status !== "stopped"; count++)
      await this.send(`${name} ${count}`).catch(() => {});
  }

  /** Returns the texts of the stored messages of the chat. */
  async history(): Promise<string[]> {
    const messages = await this.client.history(CHAT, { limit: 9999 });
    return messages.map(({ content }) => (content as TextContent).text);
  }
}

const bytes = counting(32);
bytes[0] = 1;
Object.assign(globalThis, { tab: new Tab(await ChatKey.from(bytes)) });
