import { type Account, createChat, register } from "./client/accounts.js";
import { Client } from "./client/client.js";
import { until } from "./until.js";
import { readContents } from "./verify/contents.js";

export interface LoadOptions {
  readonly urls: readonly string[];
  readonly clients: number;
  /** Chats of each client with the ones after it, so many; and as many with those before it. */
  readonly reach: number;
  readonly random: () => number;
}

/** Clients that write to all their chats, in each the next message as soon as the last one is acknowledged. */
export class Load {
  readonly clients: readonly Client[];
  #isOn = false;

  private constructor(clients: readonly ((load: Load) => Client)[]) {
    this.clients = clients.map((create) => create(this));
  }

  /** Registers the clients with the first server, and gives them their chats. */
  static async prepare({ urls, clients, reach, random }: LoadOptions): Promise<Load> {
    const accounts: Account[] = [];
    for (let count = 0; count < clients; count++) accounts.push(await register(urls[0]!));
    const chats = accounts.map((): number[] => []);
    for (const [at, account] of accounts.entries()) {
      for (let step = 1; step <= reach; step++) {
        const peer = (at + step) % clients;
        const chat = await createChat(urls[0]!, account, accounts[peer]!);
        chats[at]!.push(chat);
        chats[peer]!.push(chat);
      }
    }
    return new Load(
      accounts.map((account, at) => (load) => {
        let dialled = at;
        // The next server after each failure, as a balancer would have it.
        const urlOf = () => urls[dialled++ % urls.length]!;
        const wires = at % 4 === 0 ? ([1] as const) : ([2, 1] as const);
        return new Client({
          account,
          chats: chats[at]!,
          urlOf,
          random,
          wires,
          hear: (client, notice) => {
            if (notice.type === "sent") load.#writeOn(client, notice.chat_id, notice.client_id);
          },
        });
      }),
    );
  }

  get acknowledged(): number {
    return this.clients.reduce((sum, { record }) => sum + record.sent.size, 0);
  }

  /** Messages that were handed over to be sent and are not acknowledged. */
  get underWay(): number {
    return this.clients.reduce((sum, { disk }) => sum + disk.outbox.size, 0);
  }

  start(): void {
    for (const client of this.clients) client.start();
    this.resume();
  }

  /** Has everybody write on. */
  resume(): void {
    this.#isOn = true;
    for (const client of this.clients) {
      for (const chat of client.chats) this.#writeOn(client, chat);
    }
  }

  pause(): void {
    this.#isOn = false;
  }

  /** Waits until everything is acknowledged and has arrived; false where it does not within so many seconds. */
  async settle(databaseUrl: string, seconds: number): Promise<boolean> {
    this.pause();
    if (!(await until(() => this.underWay === 0, seconds))) return false;
    const { lastSeqs } = await readContents(databaseUrl);
    return until(() => this.clients.every((client) => isCaughtUp(client, lastSeqs)), seconds);
  }

  stop(): void {
    for (const client of this.clients) client.kill();
  }

  /** `sent` is what was acknowledged just now, and is removed from the outbox only afterwards. */
  #writeOn(client: Client, chat: number, sent?: string): void {
    if (this.#isOn && !hasPending(client, chat, sent)) client.write(chat);
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
