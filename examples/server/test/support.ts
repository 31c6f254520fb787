import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { AuthResponse, type ChatMessage } from "lacre";
import { WebSocket } from "ws";
import { readConfig } from "../src/config.js";
import { peerOf } from "../src/database/contacts.js";
import { readDatabaseConfig } from "../src/database/database-config.js";
import { openDatabase } from "../src/database/open-database.js";
import { Store } from "../src/database/store.js";
import { createLog } from "../src/log.js";
import { type RunningServer, startServer } from "../src/server.js";
import { DEFAULT_TIMING } from "../src/websocket/timing.js";
import { assertDescribed } from "./described.js";
import { createDatabase, type ScratchDatabase, urlOf } from "./storage/databases.js";
import { TestConnection } from "./websocket/test-connection.js";

export const PASSWORD = "correct horse";
export const PARAMETERS = {
  encryption_type: "lacre/e2e/1",
  salt: Buffer.alloc(16, 1).toString("base64"),
  iterations: 600_000,
  key_check: Buffer.alloc(16, 2).toString("base64"),
};

/** Where the suite runs: as one instance on SQLite, or as two that share PostgreSQL and Redis. */
const isShared = process.env.LACRE_TEST_ON === "postgresql and redis";
const INSTANCES = isShared ? 2 : 1;
const REDIS_URL = process.env.LACRE_REDIS_URL ?? "redis://127.0.0.1:6379";

/** A server as it runs, with a database of its own. */
export class TestServer {
  readonly log: string[] = [];
  readonly #timing: typeof DEFAULT_TIMING;
  readonly #env: NodeJS.ProcessEnv;
  #scratch: ScratchDatabase | undefined;
  readonly instances: number;
  #running: readonly RunningServer[] = [];
  #asked = 0;

  constructor(timing = DEFAULT_TIMING, env: NodeJS.ProcessEnv = {}, instances = INSTANCES) {
    this.#timing = timing;
    this.#env = env;
    this.instances = instances;
  }

  /** The database that `DATABASE_URL` of its environment names, or the one that was made for it. */
  get database() {
    const { DATABASE_URL } = this.#env;
    return DATABASE_URL === undefined
      ? this.#scratch!.config
      : readDatabaseConfig({ DATABASE_URL });
  }

  /** Of one instance after the other, so that what one does is seen at the others. */
  get url(): string {
    this.#asked += 1;
    return this.#running[this.#asked % this.instances]!.url;
  }

  /** Has the next request go to this instance, counted from 0. */
  askNext(instance: number): void {
    this.#asked = instance + this.instances - 1;
  }

  /** Stops one of the instances. */
  stopInstance(instance: number): Promise<void> {
    return this.#running[instance]!.close();
  }

  async start(): Promise<void> {
    this.#scratch ??= await createDatabase(isShared ? "postgresql" : "sqlite");
    const config = readConfig({
      SERVER_PORT: "0",
      DATABASE_URL: urlOf(this.#scratch.config),
      RATE_LIMIT_AUTH: "1000",
      RATE_LIMIT_USER: "10000",
      ...(isShared && { REDIS_URL }),
      ...this.#env,
    });
    const log = createLog("trace", { write: (line: string) => void this.log.push(line) });
    const start = () => startServer(config, log, this.#timing);
    this.#running = await Promise.all(Array.from({ length: this.instances }, start));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running.map((instance) => instance.close()));
  }

  async remove(): Promise<void> {
    await this.stop();
    await this.#scratch!.remove();
  }

  /** Asks for something, and holds the answer against the API's description. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, init);
    const body = await response.clone().text();
    assertDescribed(init.method ?? "GET", path, response, body);
    return response;
  }

  async request(method: string, path: string, body?: unknown, token?: string) {
    const response = await this.fetch(path, {
      method,
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const { status, headers } = response;
    const text = await response.text();
    return { status, headers, body: text === "" ? undefined : JSON.parse(text) };
  }

  async register(username: string): Promise<TestUser> {
    const { body } = await this.request("POST", "/auth/register", { username, password: PASSWORD });
    return this.userOf(body);
  }

  /** Whom an answer let in. */
  userOf(body: unknown): TestUser {
    return new TestUser(this, AuthResponse.parse(body));
  }

  /** What the server does not do by itself, done in its database. */
  async withStore<Result>(work: (store: Store) => Promise<Result>): Promise<Result> {
    const store = new Store(openDatabase(this.database));
    try {
      return await work(store);
    } finally {
      await store.close();
    }
  }
}

export class TestUser {
  readonly id: number;
  readonly token: string;
  readonly sessionKey: Uint8Array;
  readonly #server: TestServer;

  constructor(server: TestServer, { user_id, access_token, session_key }: AuthResponse) {
    this.#server = server;
    this.id = user_id!;
    this.token = access_token!;
    this.sessionKey = session_key!;
  }

  get(path: string) {
    return this.#server.request("GET", path, undefined, this.token);
  }

  post(path: string, body: unknown) {
    return this.#server.request("POST", path, body, this.token);
  }

  patch(path: string, body: unknown) {
    return this.#server.request("PATCH", path, body, this.token);
  }

  /** A chat that the other one has accepted. */
  async chatWith(peer_name: string): Promise<number> {
    const chat_id = await this.requestChat(peer_name);
    await this.#server.withStore(async (store) => {
      const chat = (await store.findChat(chat_id, this.id))!;
      const user_id = peerOf(chat, this.id);
      await store.setContact(chat, { user_id, action: "accept", now: Date.now() / 1000 });
    });
    return chat_id;
  }

  /** A chat that waits for the other one to accept it. */
  async requestChat(peer_name: string): Promise<number> {
    const { body } = await this.post("/chats", { peer_name, ...PARAMETERS });
    return body.chat_id;
  }

  /** A WebSocket on which nothing was said yet. */
  async dial(path = "/ws"): Promise<TestConnection> {
    const url = `${this.#server.url.replace("http", "ws")}${path}?token=${this.token}`;
    const connection = new TestConnection(new WebSocket(url), this.sessionKey);
    await once(connection.socket, "open");
    return connection;
  }

  /** A connection that was welcomed. */
  async connect(capabilities: string[] = ["delivered"], path?: string): Promise<TestConnection> {
    const connection = await this.dial(path);
    await connection.greet({ capabilities });
    return connection;
  }
}

/** A message such as a client encrypts. */
export function messageIn(
  chat_id: number,
  sender_id: number,
  fields: Partial<ChatMessage> = {},
): ChatMessage {
  return {
    chat_id,
    sender_id,
    content: new Uint8Array(randomBytes(144)),
    nonce: new Uint8Array(randomBytes(12)),
    timestamp: Math.floor(Date.now()) / 1000,
    client_id: randomUUID(),
    ...fields,
  };
}
