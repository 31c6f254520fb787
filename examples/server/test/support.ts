import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Ack,
  AuthResponse,
  ChatMessage,
  createRegistry,
  ErrorResponse,
  type MessageDefinition,
  MessageProtocol,
  type PayloadSchema,
  SigningKey,
  StatusEvent,
} from "lacre";
import { pino } from "pino";
import { WebSocket } from "ws";
import { type RunningServer, startServer } from "../src/server.js";

export const PASSWORD = "correct horse";
export const PARAMETERS = {
  encryption_type: "lacre/e2e/1",
  salt: Buffer.alloc(16, 1).toString("base64"),
  iterations: 600_000,
  key_check: Buffer.alloc(16, 2).toString("base64"),
};

const registry = createRegistry([Ack, ChatMessage, ErrorResponse, StatusEvent]);

/** A server as it runs, with a database of its own. */
export class TestServer {
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-server-test-"));
  readonly log: string[] = [];
  #running: RunningServer | undefined;

  get databasePath(): string {
    return join(this.folder, "server.db");
  }

  get url(): string {
    return this.#running!.url;
  }

  async start(): Promise<void> {
    const config = {
      databasePath: this.databasePath,
      host: "127.0.0.1",
      port: 0,
      logLevel: "trace",
      serverSecret: undefined,
    };
    const destination = { write: (line: string) => void this.log.push(line) };
    this.#running = await startServer(config, pino({ level: "trace" }, destination));
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
    return { status: response.status, body: await response.json() };
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

  async chatWith(peer_name: string): Promise<number> {
    const { body } = await this.post("/chats", { peer_name, ...PARAMETERS });
    return body.chat_id;
  }

  async connect(): Promise<TestConnection> {
    const url = `${this.#server.url.replace("http", "ws")}/ws?token=${this.token}`;
    const connection = new TestConnection(new WebSocket(url), this.sessionKey);
    await once(connection.socket, "open");
    return connection;
  }
}

/** A client that does as it is told, right or wrong. */
export class TestConnection {
  readonly socket: WebSocket;
  readonly clientKey: SigningKey;
  readonly serverKey: SigningKey;
  /** Frames as they came. */
  readonly frames: Buffer[] = [];
  readonly closed: Promise<number>;
  #read = 0;

  constructor(socket: WebSocket, sessionKey: Uint8Array) {
    this.socket = socket;
    this.clientKey = SigningKey.derive(sessionKey, "client");
    this.serverKey = SigningKey.derive(sessionKey, "server");
    socket.on("message", (bytes: Buffer) => this.frames.push(bytes));
    socket.on("error", () => {});
    this.closed = once(socket, "close").then(([code]) => code);
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: Parameters<MessageDefinition<Type, Schema>["toProtocol"]>[0],
  ): Uint8Array {
    const frame = definition.toProtocol(value, this.clientKey, { wire: 2 }).toBytes();
    this.socket.send(frame);
    return frame;
  }

  /** What the server says next. */
  async next() {
    while (this.frames.length === this.#read) await once(this.socket, "message");
    const message = MessageProtocol.open(this.frames[this.#read++]!, { key: this.serverKey });
    return registry.parse(message);
  }

  async nextError(): Promise<string> {
    const frame = await this.next();
    return frame.type === "error" ? frame.value.error_code : `no error but ${frame.type}`;
  }

  /** Whether nothing more came by the time that a question asked now is answered. */
  async isQuiet(): Promise<boolean> {
    this.send(StatusEvent, { event_type: "typing", user_id: 1 });
    return ["ERR_CHAT_NOT_FOUND", "ERR_FOREIGN_SENDER"].includes(await this.nextError());
  }
}
