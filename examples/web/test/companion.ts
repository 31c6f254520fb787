import { randomUUID } from "node:crypto";
import { type ChatKey, encryptMessage } from "lacre/e2e";
import {
  Account,
  createChat,
  findChat,
  loginInMemory,
  Messenger,
  type MessengerEvent,
  openChat,
  signIn,
  storesInMemory,
} from "lacre-client";
import { connectInNode } from "lacre-client/node";
import { until } from "../../server/harness/until.js";
import { acceptChat } from "./accept-chat.js";
import { PASSPHRASE, PASSWORD } from "./person.js";

/** A message as it is before the server has it. */
export type Encrypted = Awaited<ReturnType<typeof encryptMessage>>;

/** What companions write first. */
export const GREETING = "hola";

/** An account on another device than the page's. */
export async function deviceOf(
  server: string,
  username: string,
  how: "register" | "login",
): Promise<Account> {
  const [login, stores] = [loginInMemory(), storesInMemory()];
  await signIn(how, server, { username, password: PASSWORD }, login, () => stores);
  return Account.open(login, () => stores);
}

/** Somebody without a page: a client in this process, for what nobody types. */
export class Companion {
  readonly name: string;
  readonly heard: MessengerEvent[] = [];
  #messenger!: Messenger;
  #key!: ChatKey;
  #userId = 0;
  #chatId = 0;

  private constructor(name: string) {
    this.name = name;
  }

  /** Signs up, begins a chat with a person, or opens the one that they have begun, and greets. */
  static async with(server: string, name: string, peer: string): Promise<Companion> {
    const companion = new Companion(name);
    const account = await deviceOf(server, name, "register");
    const existing = await findChat(account, peer);
    const chat = existing
      ? await openChat(account, existing, PASSPHRASE)
      : await createChat(account, peer, PASSPHRASE);
    if (existing === undefined) await acceptChat(server, peer, name);
    companion.#chatId = chat.chat_id;
    companion.#key = chat.key;
    companion.#userId = account.user_id;
    companion.#messenger = await Messenger.start({
      ...{ account, open: [chat], connect: connectInNode },
      hear: (event) => void companion.heard.push(event),
    });
    await companion.write(GREETING);
    return companion;
  }

  /** Resolves when the server has all of them. */
  async write(...texts: string[]): Promise<void> {
    for (const text of texts) await this.#messenger.send(this.#chatId, text);
    const isSent = await until(() => this.#messenger.pending === 0, 60);
    if (!isSent) throw new Error(`the server does not take what ${this.name} writes`);
  }

  /** The seq up to which the other one has read. */
  get readUpTo(): number {
    return this.#messenger.chat(this.#chatId)!.readUpTo;
  }

  /** A message that is not sent. */
  encrypt(text: string, timestamp: number): Promise<Encrypted> {
    return encryptMessage(this.#key, {
      ...{ chat_id: this.#chatId, sender_id: this.#userId, client_id: randomUUID() },
      ...{ content: { kind: "text", text }, timestamp },
    });
  }

  leave(): Promise<void> {
    return this.#messenger.stop();
  }
}
