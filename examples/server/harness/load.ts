import { type Account, createChat, register } from "./client/accounts.js";
import { Client } from "./client/client.js";
import { until } from "./until.js";
import { readContents } from "./verify/contents.js";

export interface LoadOptions {
  readonly urls: readonly string[];
  readonly clients: number;
  /** Number of chats that each client creates, one with each of the next clients. It is a member of twice as many. */
  readonly chatsPerClient: number;
  readonly random: () => number;
}

/** Clients that write to all their chats: the next message of a chat as soon as the last one is acknowledged. */
export class Load {
  readonly clients: readonly Client[];
  #isWriting = false;

  private constructor(clients: readonly ((load: Load) => Client)[]) {
    this.clients = clients.map((create) => create(this));
  }

  /** Registers the clients at the first server and creates their chats. */
  static async prepare({ urls, clients, chatsPerClient, random }: LoadOptions): Promise<Load> {
    const accounts: Account[] = [];
    for (let count = 0; count < clients; count++) accounts.push(await register(urls[0]!));
    const chats = accounts.map((): number[] => []);
    for (const [at, account] of accounts.entries()) {
      for (let step = 1; step <= chatsPerClient; step++) {
        const peer = (at + step) % clients;
        const chat = await createChat(urls[0]!, account, accounts[peer]!);
        chats[at]!.push(chat);
        chats[peer]!.push(chat);
      }
    }
    return new Load(
      accounts.map((account, at) => (load) => {
        let next = at;
        // Each attempt to connect uses the next server, as behind a load balancer.
        const urlOf = () => urls[next++ % urls.length]!;
        const wires = at % 4 === 0 ? ([1] as const) : ([2, 1] as const);
        return new Client({
          account,
          chats: chats[at]!,
          urlOf,
          random,
          wires,
          onNotice: (client, notice) => {
            if (notice.type === "sent") load.#writeNext(client, notice.chat_id, notice.client_id);
          },
        });
      }),
    );
  }

  get acknowledged(): number {
    return this.clients.reduce((sum, { record }) => sum + record.sent.size, 0);
  }

  /** Number of messages that were written and are not acknowledged. */
  get inFlight(): number {
    return this.clients.reduce((sum, { disk }) => sum + disk.outbox.size, 0);
  }

  start(): void {
    for (const client of this.clients) client.start();
    this.resume();
  }

  /** Makes all clients write again. */
  resume(): void {
    this.#isWriting = true;
    for (const client of this.clients) {
      for (const chat of client.chats) this.#writeNext(client, chat);
    }
  }

  pause(): void {
    this.#isWriting = false;
  }

  /** Waits until all messages are acknowledged and delivered. Resolves to false if either step takes longer than `seconds`. */
  async settle(databaseUrl: string, seconds: number): Promise<boolean> {
    this.pause();
    if (!(await until(() => this.inFlight === 0, seconds))) return false;
    const { lastSeqs } = await readContents(databaseUrl);
    return until(() => this.clients.every((client) => isCaughtUp(client, lastSeqs)), seconds);
  }

  stop(): void {
    for (const client of this.clients) client.kill();
  }

  /** `sent` is a message acknowledged just now: its outbox entry is removed only afterwards. */
  #writeNext(client: Client, chat: number, sent?: string): void {
    if (this.#isWriting && !hasPending(client, chat, sent)) client.write(chat);
  }
}

function hasPending({ disk }: Client, chat: number, sent: string | undefined): boolean {
  return [...disk.outbox.values()].some(
    ({ chat_id, client_id }) => chat_id === chat && client_id !== sent,
  );
}

function isCaughtUp({ chats, disk }: Client, lastSeqs: ReadonlyMap<number, number>): boolean {
  return chats.every((chat) => disk.cursors.get(chat) === lastSeqs.get(chat));
}
