import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthResponse, type ChatMessage } from "lacre";
import { pino } from "pino";
import { WebSocket } from "ws";
import { readConfig } from "../src/config.js";
import { PACE } from "../src/live/pace.js";
import { type RunningServer, startServer } from "../src/server.js";
import { assertDescribed } from "./described.js";
import { TestConnection } from "./test-connection.js";

export const PASSWORD = "correct horse";
export const PARAMETERS = {
  encryption_type: "lacre/e2e/1",
  salt: Buffer.alloc(16, 1).toString("base64"),
  iterations: 600_000,
  key_check: Buffer.alloc(16, 2).toString("base64"),
};

/** A server as it runs, with a database of its own. */
export class TestServer {
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-server-test-"));
  readonly log: string[] = [];
  readonly #pace: typeof PACE;
  readonly #env: NodeJS.ProcessEnv;
  #running: RunningServer | undefined;

  constructor(pace = PACE, env: NodeJS.ProcessEnv = {}) {
    this.#pace = pace;
    this.#env = env;
  }

  get database() {
    return { dialect: "sqlite", path: join(this.folder, "server.db") } as const;
  }

  get url(): string {
    return this.#running!.url;
  }

  async start(): Promise<void> {
    const config = {
      ...readConfig({
        SERVER_PORT: "0",
        RATE_LIMIT_AUTH: "1000",
        RATE_LIMIT_USER: "10000",
        ...this.#env,
      }),
      database: this.database,
    };
    const destination = { write: (line: string) => void this.log.push(line) };
    this.#running = await startServer(config, pino({ level: "trace" }, destination), this.#pace);
  }

  async stop(): Promise<void> {
    await this.#running!.close();
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true });
  }

  async request(method: string, path: string, body?: unknown, token?: string) {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = text === "" ? undefined : JSON.parse(text);
    assertDescribed(method, path, response.status, json);
    return { status: response.status, body: json, headers: response.headers };
  }

  async register(username: string): Promise<TestUser> {
    const { body } = await this.request("POST", "/auth/register", { username, password: PASSWORD });
    return new TestUser(this, AuthResponse.parse(body));
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

  async chatWith(peer_name: string): Promise<number> {
    const { body } = await this.post("/chats", { peer_name, ...PARAMETERS });
    return body.chat_id;
  }

  /** A WebSocket on which nothing was said yet. */
  async dial(): Promise<TestConnection> {
    const url = `${this.#server.url.replace("http", "ws")}/ws?token=${this.token}`;
    const connection = new TestConnection(new WebSocket(url), this.sessionKey);
    await once(connection.socket, "open");
    return connection;
  }

  /** A connection that was welcomed. */
  async connect(capabilities: string[] = ["delivered"]): Promise<TestConnection> {
    const connection = await this.dial();
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
