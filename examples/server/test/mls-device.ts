import { type Client, type ClientEvent, createClient, memoryStorage } from "lacre/client";
import {
  connectMls,
  MLS_CAPABILITIES,
  MlsChats,
  type MlsEvent,
  type MlsMessage,
  type MlsServer,
  type MlsStorage,
  memoryMlsStorage,
} from "lacre/client/mls";
import type { TextContent } from "lacre/e2e";
import type { RecoveryKey } from "lacre/mls";
import { vi } from "vitest";
import { WebSocket } from "ws";
import { mlsServerOf } from "./mls-server.js";
import type { TestServer, TestUser } from "./support.js";

type Message = Extract<ClientEvent<MlsMessage>, { type: "message" }>["message"];

/** Decides when a program crashes: nothing is stored or requested after that. */
export class CrashPoints {
  /** Number of points after which the program crashes. */
  left = Number.POSITIVE_INFINITY;
  /** Number of points that were passed. */
  passed = 0;

  get isDead(): boolean {
    return this.left < 0;
  }

  pass(): void {
    this.left -= 1;
    this.passed += 1;
    if (this.isDead) throw new Error("the program crashed");
  }

  /** Adds a point before and after each call of some methods. */
  around<Target extends object>(target: Target, methods: readonly (keyof Target)[]): Target {
    const wrapped = methods.map((name) => {
      const method = target[name] as (...args: unknown[]) => Promise<unknown>;
      const work = async (...args: unknown[]) => {
        this.pass();
        const result = await method.apply(target, args);
        this.pass();
        return result;
      };
      return [name, work];
    });
    return { ...target, ...Object.fromEntries(wrapped) };
  }
}

/** A program on a device of a user, with its storages, which can end and start again. */
export class MlsDevice {
  readonly user: TestUser;
  readonly name: string;
  /** Messages that the client reported, of all runs. */
  readonly messages: Message[] = [];
  readonly events: MlsEvent[] = [];
  readonly failed: string[] = [];
  readonly crash = new CrashPoints();
  recoveryKey: RecoveryKey | undefined;
  /** Makes requests fail. */
  fails: (request: string) => "before" | "after" | undefined = () => undefined;
  /** Whether the device has no network. */
  isOffline = false;
  /** Changes what the server does, to make it malicious. */
  wrap: (server: MlsServer) => MlsServer = (server) => server;
  mls!: MlsChats;
  client!: Client<TextContent, MlsMessage>;
  mlsStorage: MlsStorage;
  readonly #storage = memoryStorage();
  readonly #server: TestServer;
  stop!: () => Promise<void>;

  constructor(
    server: TestServer,
    user: TestUser,
    name: string,
    mlsStorage: MlsStorage = memoryMlsStorage(),
  ) {
    this.#server = server;
    this.user = user;
    this.name = name;
    this.mlsStorage = mlsStorage;
  }

  /** Starts the program. With `prepare`, the device is made before the client connects. */
  async start(prepare?: (mls: MlsChats) => Promise<unknown>): Promise<this> {
    const { crash } = this;
    const server = mlsServerOf(this.user, (request) =>
      crash.isDead || this.isOffline ? "before" : this.fails(request),
    );
    const storage = crash.around(this.mlsStorage, ["write"]);
    const options = { user_id: this.user.id, storage, server: this.wrap(server) };
    this.mls = await MlsChats.open(options);
    this.mls.on((event) => void this.events.push(event));
    await prepare?.(this.mls);
    const { sessionKey: session_key, id: user_id, token } = this.user;
    this.client = createClient<TextContent, MlsMessage>({
      ...{ session_key, user_id, capabilities: MLS_CAPABILITIES },
      storage: crash.around(this.#storage, ["addOutgoing", "removeOutgoing", "moveCursor"]),
      url: () =>
        crash.isDead || this.isOffline
          ? Promise.reject(new Error("the network is down"))
          : `${this.#server.url.replace("http", "ws")}/ws?token=${token}`,
      WebSocket: WebSocket as never,
      chats: (chatId) => this.mls.cipher(chatId),
    });
    this.client.on("message", ({ message }) => void this.messages.push(message));
    this.client.on("failed", ({ error_code }) => void this.failed.push(error_code));
    this.stop = connectMls(this.client, this.mls);
    return this;
  }

  /** Starts the program again after it crashed. */
  async restart(): Promise<void> {
    await this.stop();
    this.crash.left = Number.POSITIVE_INFINITY;
    await this.start();
  }

  /** Creates a chat with users at the server, and its group with their devices. */
  async createChat(names: readonly string[], others: readonly MlsDevice[]): Promise<number> {
    const body = { members: names, encryption_type: "MLS", suite: 1 };
    const { chat_id } = (await this.user.post("/chats", body)).body;
    await this.mls.sync();
    for (const other of others) await other.mls.sync();
    await this.mls.create(chat_id, { suite: 1, add: others.map(({ user }) => user.id) });
    for (const other of others) await other.joins(chat_id);
    return chat_id;
  }

  send(chatId: number, text: string): Promise<string> {
    return this.client.send(chatId, { kind: "text", text });
  }

  /** The texts that were read in a chat, in their order. */
  texts(chatId: number): string[] {
    return this.messages.flatMap(({ chat_id, content }) => {
      if (chat_id !== chatId || content?.kind !== "content") return [];
      return content.content.kind === "text" ? content.content.text : [];
    });
  }

  /** Waits until the last texts that were read in a chat are these. */
  async reads(chatId: number, ...texts: string[]): Promise<void> {
    const last = () => this.texts(chatId).slice(-texts.length).join();
    await vi
      .waitUntil(() => last() === texts.join(), { timeout: 45_000, interval: 20 })
      .catch(() => {
        const read = JSON.stringify(
          this.messages.map(({ seq, content }) => [seq, content]),
          bigints,
        );
        throw new Error(
          `${this.name} read ${read}, events ${JSON.stringify(this.events, bigints)}`,
        );
      });
  }

  /** Waits until the device is in a chat, whose group has a number of devices. */
  async joins(chatId: number, devices?: number): Promise<void> {
    const isIn = () => {
      const chat = this.mls.get(chatId);
      return chat?.isActive && (devices === undefined || chat.roster.length === devices);
    };
    await vi.waitUntil(isIn, { timeout: 45_000, interval: 20 }).catch(() => {
      const { roster } = this.mls.get(chatId) ?? {};
      throw new Error(
        `${this.name} has ${JSON.stringify(roster)}, ${JSON.stringify(this.events, bigints)}`,
      );
    });
  }
}

const bigints = (_: string, value: unknown) => (typeof value === "bigint" ? Number(value) : value);

/** Starts the first device of a user. */
export async function firstDevice(
  server: TestServer,
  user: TestUser,
  name: string,
): Promise<MlsDevice> {
  const device = new MlsDevice(server, user, name);
  return device.start((mls) =>
    mls.begin((recoveryKey) => {
      device.recoveryKey = recoveryKey;
    }),
  );
}

/** Starts another device of a user, which the first one adds. */
export async function otherDevice(
  server: TestServer,
  user: TestUser,
  first: MlsDevice,
  name: string,
): Promise<MlsDevice> {
  const device = new MlsDevice(server, user, name);
  return device.start(async (mls) => first.mls.addDevice(await mls.link()));
}
