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
import { NodeWebSocket } from "lacre-client/node";
import { until } from "../../server/harness/until.js";
import { acceptChat } from "./accept-chat.js";
import { PASSPHRASE, PASSWORD } from "./test-user.js";

/** A message that is encrypted and not sent. */
export type Encrypted = Awaited<ReturnType<typeof encryptMessage>>;

/** The first message that each headless user sends. */
export const FIRST_TEXT = "hola";

/** Registers a user, or signs in as one, on a device without a page. */
export async function openAccount(
  server: string,
  username: string,
  how: "register" | "login",
): Promise<Account> {
  const [login, stores] = [loginInMemory(), storesInMemory()];
  await signIn(how, server, { username, password: PASSWORD }, login, () => stores);
  return Account.open(login, () => stores);
}

/** A user without a page: a client in this process with one chat. */
export class HeadlessUser {
  readonly name: string;
  readonly events: MessengerEvent[] = [];
  #messenger!: Messenger;
  #key!: ChatKey;
  #userId = 0;
  #chatId = 0;

  private constructor(name: string) {
    this.name = name;
  }

  /** Registers a user, creates a chat with `peer` or opens the one that `peer` created, and sends FIRST_TEXT. */
  static async start(server: string, name: string, peer: string): Promise<HeadlessUser> {
    const user = new HeadlessUser(name);
    const account = await openAccount(server, name, "register");
    const existing = await findChat(account, peer);
    const chat = existing
      ? await openChat(account, existing, PASSPHRASE)
      : await createChat(account, peer, PASSPHRASE);
    if (existing === undefined) await acceptChat(server, peer, name);
    user.#chatId = chat.chat_id;
    user.#key = chat.key;
    user.#userId = account.user_id;
    user.#messenger = await Messenger.start({
      ...{ account, open: [chat], WebSocket: NodeWebSocket },
      onEvent: (event) => void user.events.push(event),
    });
    await user.send(FIRST_TEXT);
    return user;
  }

  /** Sends texts. Resolves when the server has acknowledged all of them. */
  async send(...texts: string[]): Promise<void> {
    for (const text of texts) await this.#messenger.send(this.#chatId, text);
    const isSent = await until(() => this.#messenger.pending === 0, 60);
    if (!isSent) throw new Error(`the server does not acknowledge the messages of ${this.name}`);
  }

  /** The seq up to which the peer has read. */
  get readUpTo(): number {
    return this.#messenger.chat(this.#chatId)!.readUpTo;
  }

  /** Encrypts a message without sending it. */
  encrypt(text: string, timestamp: number): Promise<Encrypted> {
    return encryptMessage(this.#key, {
      ...{ chat_id: this.#chatId, sender_id: this.#userId, client_id: randomUUID() },
      ...{ content: { kind: "text", text }, timestamp },
    });
  }

  close(): Promise<void> {
    return this.#messenger.stop();
  }
}
