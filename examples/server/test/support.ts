import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { AuthResponse, type ChatMessage } from "lacre";
import { WebSocket } from "ws";
import { readConfig } from "../src/config.js";
import { readDatabaseConfig } from "../src/database/database-config.js";
import { othersThan } from "../src/database/members.js";
import { openDatabase } from "../src/database/open-database.js";
import { Store } from "../src/database/store.js";
import { createLog } from "../src/log.js";
import { type RunningServer, startServer } from "../src/server.js";
import { DEFAULT_TIMING } from "../src/websocket/timing.js";
import { assertMatchesOpenApi } from "./openapi-check.js";
import { createDatabase, type ScratchDatabase, urlOf } from "./storage/databases.js";
import { TestConnection } from "./websocket/test-connection.js";

export const PASSWORD = "correct horse";
export const PARAMETERS = {
  encryption_type: "lacre/e2e/1",
  salt: Buffer.alloc(16, 1).toString("base64"),
  iterations: 600_000,
  key_check: Buffer.alloc(16, 2).toString("base64"),
};

/** Whether the tests run on two instances that share PostgreSQL and Redis, instead of one instance on SQLite. */
const isShared = process.env.LACRE_TEST_ON === "postgresql and redis";
const INSTANCES = isShared ? 2 : 1;
const REDIS_URL = process.env.LACRE_REDIS_URL ?? "redis://127.0.0.1:6379";

/** Three users, and the id of the chat of alice and bob. */
export interface UsersWithChat {
  readonly alice: TestUser;
  readonly bob: TestUser;
  readonly carol: TestUser;
  readonly chat_id: number;
}

/** Runs one or two instances of the server in this process, with a database of their own. */
export class TestServer {
  readonly log: string[] = [];
  readonly #timing: typeof DEFAULT_TIMING;
  readonly #env: NodeJS.ProcessEnv;
  #scratch: ScratchDatabase | undefined;
  readonly instances: number;
  #running: readonly RunningServer[] = [];
  #requests = 0;

  constructor(timing = DEFAULT_TIMING, env: NodeJS.ProcessEnv = {}, instances = INSTANCES) {
    this.#timing = timing;
    this.#env = env;
    this.instances = instances;
  }

  /** The database of `DATABASE_URL`, or the one created for this server. */
  get database() {
    const { DATABASE_URL } = this.#env;
    return DATABASE_URL === undefined
      ? this.#scratch!.config
      : readDatabaseConfig({ DATABASE_URL });
  }

  /** Returns the URL of the next instance each time, so that a test sees the effects of one instance at the other. */
  get url(): string {
    this.#requests += 1;
    return this.#running[this.#requests % this.instances]!.url;
  }

  /** Makes this instance, counted from 0, answer the next request. */
  askNext(instance: number): void {
    this.#requests = instance + this.instances - 1;
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

  /** Sends a request, and checks the answer against the OpenAPI document. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, init);
    const body = await response.clone().text();
    assertMatchesOpenApi(init.method ?? "GET", path, response, body);
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

  /** Registers a user with `PASSWORD`. */
  async register(username: string): Promise<TestUser> {
    const { body } = await this.request("POST", "/auth/register", { username, password: PASSWORD });
    return this.userOf(body);
  }

  /** Starts the server, and creates the users alice, bob and carol, and an accepted chat of alice and bob. */
  async startWithChat(): Promise<UsersWithChat> {
    await this.start();
    const [alice, bob, carol] = [
      await this.register("alice"),
      await this.register("bob"),
      await this.register("carol"),
    ];
    return { alice, bob, carol, chat_id: await alice.chatWith("bob") };
  }

  /** Opens a new session of a user. */
  async login(username: string): Promise<TestUser> {
    const { body } = await this.request("POST", "/auth/login", { username, password: PASSWORD });
    return this.userOf(body);
  }

  /** Creates the user of an answer to a login or registration. */
  userOf(body: unknown): TestUser {
    return new TestUser(this, AuthResponse.parse(body));
  }

  /** Calls `work` with direct access to the database of the server. */
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

  put(path: string, body: unknown) {
    return this.#server.request("PUT", path, body, this.token);
  }

  patch(path: string, body: unknown) {
    return this.#server.request("PATCH", path, body, this.token);
  }

  delete(path: string) {
    return this.#server.request("DELETE", path, undefined, this.token);
  }

  /** Creates a chat that the peer has accepted, and returns its id. */
  async chatWith(peer_name: string): Promise<number> {
    const chat_id = await this.requestChat(peer_name);
    await this.#server.withStore(async (store) => {
      const chat = (await store.chats.find(chat_id, this.id))!;
      const [user_id] = othersThan(this.id, chat) as [number];
      await store.chats.setContact(chat_id, { user_id, action: "accept", now: Date.now() / 1000 });
    });
    return chat_id;
  }

  /** Creates a chat that the peer has not accepted yet, and returns its id. */
  async requestChat(peer_name: string): Promise<number> {
    const { body } = await this.post("/chats", { peer_name, ...PARAMETERS });
    return body.chat_id;
  }

  /** Opens a WebSocket without a handshake. */
  async openSocket(path = "/ws"): Promise<TestConnection> {
    const url = `${this.#server.url.replace("http", "ws")}${path}?token=${this.token}`;
    const connection = new TestConnection(new WebSocket(url), this.sessionKey);
    await once(connection.socket, "open");
    return connection;
  }

  /** Opens a WebSocket and performs the handshake. */
  async connect(capabilities: string[] = ["delivered"], path?: string): Promise<TestConnection> {
    const connection = await this.openSocket(path);
    await connection.handshakeAndConfirm({ capabilities });
    return connection;
  }
}

/** Returns a message with random bytes as ciphertext. */
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

/** Converts a message to the JSON body of a request. */
export function jsonOf({ content, nonce, ...rest }: ChatMessage) {
  return {
    ...rest,
    content: Buffer.from(content).toString("base64"),
    nonce: Buffer.from(nonce).toString("base64"),
  };
}
