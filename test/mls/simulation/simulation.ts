import type { ChatMessage } from "../../../src/messages/chat.js";
import { decodeChatState } from "../../../src/mls/chat-state.js";
import {
  type CommitStep,
  Device,
  type MlsChat,
  makeEntry,
  type RosterChange,
} from "../../../src/mls/index.js";
import { Random } from "../../support/random.js";
import { Attacker } from "./attacker.js";
import { Client, type Fate, type Surroundings } from "./client.js";
import type { Disk } from "./disk.js";
import { MaliciousServer } from "./malicious-server.js";
import { ModelServer } from "./model-server.js";
import type { Plan, Step } from "./plan.js";

/** A text that a device encrypted, each time. */
export interface Written {
  readonly client_id: string;
  readonly chat_id: number;
  readonly text: string;
  readonly user_id: number;
  readonly device: string;
  readonly epoch: bigint;
  readonly timestamp: number;
  /** Ids of the devices in the roster. */
  readonly roster: readonly string[];
  readonly content: Uint8Array;
}

/** A commit that replaces the keys of the device that makes it. */
export interface Updated {
  readonly device: string;
  readonly client_id: string;
}

const WEEK = 7 * 24 * 3600;

/** Users, their devices, and a server. */
export class Simulation implements Surroundings {
  readonly plan: Plan;
  readonly server: ModelServer;
  readonly random: Random;
  readonly suite: 1 | 0xf00d;
  now = 1_700_000_000;
  readonly clients: Client[] = [];
  readonly written: Written[] = [];
  readonly updates: Updated[] = [];
  readonly attackers: Attacker[] = [];
  readonly #backups = new Map<Client, Disk>();
  #ids = 0;
  #texts = 0;

  constructor(plan: Plan) {
    this.plan = plan;
    this.suite = plan.suite;
    this.random = new Random(plan.seed ^ 0x5eed);
    this.server = plan.isHonest ? new ModelServer() : new MaliciousServer(this.random);
  }

  newId(): string {
    this.#ids += 1;
    return `018bcfe5-687b-7abc-8def-${this.#ids.toString(16).padStart(12, "0")}`;
  }

  wrote({ user_id, id }: Client, chat: MlsChat, text: string, message: ChatMessage): void {
    const { chat_id, epoch } = chat;
    const roster = chat.roster.map(({ device }) => device);
    const { content, client_id, timestamp } = message;
    const base = { client_id: client_id!, chat_id, text, user_id, device: id, timestamp };
    this.written.push({ ...base, epoch, roster, content });
  }

  committed({ id }: Client, { request, chat }: CommitStep): void {
    const { event } = chat.accept();
    const hasRemoved = event.kind === "roster" && event.removed.length > 0;
    // A commit that only adds devices replaces no keys.
    if (!hasRemoved && request.invitation !== undefined) return;
    this.updates.push({ device: id, client_id: request.message.client_id! });
  }

  /** Checks that the devices that a commit added are in the logs that it names. */
  async changed(chat: MlsChat, { added }: RosterChange): Promise<void> {
    const { named } = await decodeChatState(chat.state);
    for (const { user_id, device } of added) {
      const seq = named.find((one) => one.user_id === user_id)?.seq ?? 0;
      const entries = this.server.logs.get(user_id)!.entries.slice(0, seq);
      const last = entries.findLast(({ subject }) => subject === device);
      if (last === undefined || last.op === "remove") {
        throw new Error(`a commit added the device ${device}, which is not in the log`);
      }
    }
  }

  /** Creates the users, their devices and the chats. */
  async begin(): Promise<void> {
    for (const [at, count] of this.plan.users.entries()) {
      await this.#addUser(at + 1);
      while (this.clientsOf(at + 1).length < count) await this.#addDevice(at + 1);
    }
    const [first] = this.clients;
    const members = this.plan.users.map((_, at) => at + 1).slice(1);
    for (let chat_id = 1; chat_id <= this.plan.chats; chat_id++) {
      await first!.createChat(chat_id, members);
      await first!.send(chat_id, () => "ok");
    }
    for (const user_id of this.server.logs.keys()) this.#tellLog(user_id);
    for (const client of this.clients) {
      await this.#online(client, async (chat_id) => client.receive(chat_id));
    }
  }

  clientsOf(user_id: number): Client[] {
    return this.clients.filter((one) => one.user_id === user_id);
  }

  get chatIds(): number[] {
    return [...this.server.chats.keys()];
  }

  async #newClient(user_id: number): Promise<Client> {
    const device = await Device.from(this.random.bytes(32), { user_id, extractable: true });
    const client = new Client(device, this);
    this.clients.push(client);
    return client;
  }

  async #publish(client: Client): Promise<void> {
    const { publish, keep } = await client.device.keyPackages({ count: 3, suites: [this.suite] });
    client.disk = { ...client.disk, keeps: keep };
    this.server.publish(publish);
  }

  async #addUser(user_id: number): Promise<void> {
    const { device, entry } = await Device.begin({ user_id, now: this.now, extractable: true });
    const client = new Client(device, this);
    this.clients.push(client);
    this.server.addEntry(user_id, entry);
    await this.#publish(client);
  }

  /** Tells all clients the log of a new user, so that the server cannot show them another log as the first one. */
  #tellLog(user_id: number): void {
    const log = this.server.logs.get(user_id)!;
    const withLog = (disk: Disk) => ({ ...disk, logs: new Map([...disk.logs, [user_id, log]]) });
    for (const client of this.clients) client.disk = withLog(client.disk);
    for (const [client, disk] of this.#backups) this.#backups.set(client, withLog(disk));
  }

  async #addDevice(user_id: number): Promise<void> {
    const log = this.server.logs.get(user_id)!;
    const signer = this.clientsOf(user_id).find((one) => one.isOnline);
    if (signer === undefined || log.devices.length >= 4) return;
    const client = await this.#newClient(user_id);
    const { publicKey } = client.device;
    const acceptance = await client.device.accept(log, this.now);
    const change = {
      op: "add",
      signer: signer.device,
      publicKey,
      acceptance,
      now: this.now,
    } as const;
    this.server.addEntry(user_id, await makeEntry(log, change));
    client.disk = { ...client.disk, logs: signer.disk.logs };
    await this.#publish(client);
  }

  async #removeDevice(user_id: number, random: Random): Promise<void> {
    const log = this.server.logs.get(user_id)!;
    if (log.devices.length < 2) return;
    const client = random.pick(this.clientsOf(user_id).filter((one) => this.server.isDevice(one)));
    const signer = this.clientsOf(user_id).find((one) => one.isOnline && one !== client);
    if (signer === undefined) return;
    const change = {
      op: "remove",
      signer: signer.device,
      device: client.id,
      now: this.now,
    } as const;
    this.server.addEntry(user_id, await makeEntry(log, change));
    this.attackers.push(await Attacker.of(client, this, "removed"));
  }

  async #online(client: Client, work: (chat_id: number) => Promise<void>): Promise<void> {
    for (const chat_id of this.chatIds) await client.run(() => work(chat_id));
  }

  async perform({ kind, device, seed }: Step): Promise<void> {
    const random = new Random(seed);
    const client = this.clients[device % this.clients.length]!;
    const chat_id = random.pick(this.chatIds);
    const fateOf = (): Fate =>
      random.oneIn(4) ? random.pick(["lost", "unanswered"] as const) : "ok";
    switch (kind) {
      case "write":
        return client.run(async () => {
          if (random.oneIn(2)) await client.receive(chat_id);
          for (let more = random.below(4); more >= 0; more--) {
            this.#texts += 1;
            await client.write(chat_id, `text ${this.#texts}`);
          }
          if (random.oneIn(2)) await client.send(chat_id, fateOf);
        });
      case "receive":
        return client.run(() =>
          client.receive(chat_id, random.oneIn(2) ? 1 + random.below(4) : undefined),
        );
      case "send":
        return client.run(() => client.send(chat_id, fateOf));
      case "commit":
      case "update":
        return client.run(async () => {
          if (random.oneIn(2)) await client.receive(chat_id);
          await client.commit(chat_id, kind === "update");
          if (random.oneIn(2)) await client.send(chat_id, fateOf);
        });
      case "stray":
        client.lost.splice(random.below(client.lost.length + 1), 1)[0]?.();
        return;
      case "crash":
        client.crashIn = random.below(8);
        return;
      case "away":
      case "back":
        client.isAway = kind === "away";
        return;
      case "addDevice":
        return this.#addDevice(client.user_id);
      case "removeDevice":
        return this.#removeDevice(client.user_id, random);
      case "loseDevice":
        if (this.clientsOf(client.user_id).filter((one) => one.isOnline).length > 1) {
          client.isGone = true;
        }
        return;
      case "addUser":
        return this.#changeUsers(client, chat_id, random, true);
      case "removeUser":
        return this.#changeUsers(client, chat_id, random, false);
      case "leave":
        return client.run(() => client.leave(chat_id));
      case "wipe":
        if (client.isOnline) client.restart({ ...client.disk, ...wiped });
        return;
      case "backup":
        this.#backups.set(client, client.disk);
        return;
      case "restore":
        if (this.#backups.has(client)) client.restart(this.#backups.get(client)!);
        return;
      case "steal":
        this.attackers.push(await Attacker.of(client, this, "stolen"));
        return;
      case "wait":
        this.now += WEEK;
        return;
      default:
        return (this.server as MaliciousServer).perform(kind, client, chat_id, random, this);
    }
  }

  async #changeUsers(client: Client, chat_id: number, random: Random, isAdding: boolean) {
    const members = this.server.chatFor(client, chat_id).members;
    if (!isAdding) {
      const others = [...members.keys()].filter((id) => id !== client.user_id);
      if (others.length < 2) return;
      return client.run(() => client.commit(chat_id, false, { remove: random.pick(others) }));
    }
    const outside = [...this.server.logs.keys()].filter((id) => !members.has(id));
    const user_id = random.oneIn(2) ? outside[0] : undefined;
    const add = user_id ?? this.server.logs.size + 1;
    if (user_id === undefined && this.server.logs.size >= 6) return;
    if (user_id === undefined) {
      await this.#addUser(add);
      this.#tellLog(add);
    }
    return client.run(() => client.commit(chat_id, false, { add }));
  }

  /** Ends all faults, and lets all devices receive, send and commit until nothing is left to do. */
  async settle(): Promise<void> {
    for (const client of this.clients) {
      client.isAway = false;
      client.crashIn = Number.POSITIVE_INFINITY;
      client.lost.length = 0;
    }
    for (let round = 0; round < 40; round++) {
      let before = this.#progress();
      for (const client of this.clients) {
        await this.#online(client, (chat_id) => client.receive(chat_id));
        await this.#online(client, (chat_id) => client.send(chat_id, () => "ok"));
        await this.#online(client, (chat_id) => client.receive(chat_id));
      }
      if (this.#progress() !== before) continue;
      before = this.#progress();
      for (const client of this.clients) {
        await this.#online(client, (chat_id) => client.commit(chat_id, false));
        await this.#online(client, (chat_id) => client.send(chat_id, () => "ok"));
      }
      if (this.#progress() === before) return;
    }
    if (this.plan.isHonest) throw new Error("the simulation does not settle");
  }

  /** Returns a text that is the same as long as nothing happens. */
  #progress(): string {
    const chats = this.chatIds.map((chat_id) => this.server.chats.get(chat_id)!.messages.length);
    const disks = this.clients.map(({ disk }) => [
      disk.outbox.length,
      disk.reads.length,
      disk.reports.length,
      ...[...disk.chats.values()].map(({ cursor, mustRejoin }) => `${cursor}${mustRejoin}`),
    ]);
    return JSON.stringify([chats, disks]);
  }
}

/** What a device without its state and its key packages has. */
const wiped: Partial<Disk> = {
  chats: new Map(),
  outbox: [],
  reads: [],
  reports: [],
  failed: [],
  keeps: [],
  own: new Set(),
};
