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
import { PASSPHRASE, PASSWORD } from "./person.js";

/** What companions write first. */
export const GREETING = "hola";

/** Somebody without a page: a client in this process, for what nobody types. */
export class Companion {
  readonly name: string;
  readonly heard: MessengerEvent[] = [];
  #messenger!: Messenger;
  #chatId = 0;

  private constructor(name: string) {
    this.name = name;
  }

  /** Signs up, begins a chat with a person, or opens the one that they have begun, and greets. */
  static async with(server: string, name: string, peer: string): Promise<Companion> {
    const companion = new Companion(name);
    const login = loginInMemory();
    const stores = storesInMemory();
    const openStores = () => stores;
    await signIn("register", server, { username: name, password: PASSWORD }, login, openStores);
    const account = await Account.open(login, openStores);
    const existing = await findChat(account, peer);
    const chat = existing
      ? await openChat(account, existing, PASSPHRASE)
      : await createChat(account, peer, PASSPHRASE);
    companion.#chatId = chat.chat_id;
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

  leave(): Promise<void> {
    return this.#messenger.stop();
  }
}
