import { on, once } from "node:events";
import {
  Ack,
  ChatMessage,
  createRegistry,
  ErrorResponse,
  type MessageDefinition,
  MessageProtocol,
  type Parsed,
  type PayloadSchema,
  ReplayGuard,
  SigningKey,
  StatusEvent,
  type VerifiedMessage,
} from "lacre";
import { WebSocket } from "ws";
import { exitCodes, Failure } from "./failure.js";
import type { Profile } from "./profile.js";

const MAX_FRAME_BYTES = 1024 * 1024;

const registry = createRegistry([Ack, ChatMessage, ErrorResponse, StatusEvent]);

export type Frame = Parsed<
  typeof Ack | typeof ChatMessage | typeof ErrorResponse | typeof StatusEvent,
  VerifiedMessage
>;

/** A WebSocket to the server, on which every frame in either direction is signed. */
export class LiveConnection {
  readonly #socket: WebSocket;
  readonly #clientKey: SigningKey;
  readonly #serverKey: SigningKey;
  readonly #replay = new ReplayGuard();
  readonly #incoming: AsyncIterableIterator<[Buffer]>;
  #closedBy: "us" | { readonly code: number; readonly reason: string } | undefined;

  private constructor(socket: WebSocket, sessionKey: Uint8Array) {
    this.#socket = socket;
    this.#clientKey = SigningKey.derive(sessionKey, "client");
    this.#serverKey = SigningKey.derive(sessionKey, "server");
    this.#incoming = on(socket, "message", { close: ["close"] }) as AsyncIterableIterator<[Buffer]>;
    socket.on("close", (code, reason) => {
      this.#closedBy ??= { code, reason: String(reason) };
    });
  }

  static async open({ server, access_token, session_key }: Profile): Promise<LiveConnection> {
    const url = new URL("/ws", server);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("token", access_token);
    const socket = new WebSocket(url, {
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
    });
    const connection = new LiveConnection(socket, Buffer.from(session_key, "base64"));
    try {
      await once(socket, "open");
    } catch (error) {
      const { message } = error as Error;
      const isRefused = message.includes("401");
      throw new Failure(
        isRefused
          ? "the server does not accept this login any more: log in again"
          : `no live connection to ${server} (${message}): is the server running?`,
        isRefused ? exitCodes.notLoggedIn : exitCodes.unreachable,
      );
    }
    return connection;
  }

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: Parameters<MessageDefinition<Type, Schema>["toProtocol"]>[0],
  ): void {
    const frame = definition.toProtocol(value, this.#clientKey, { wire: 2 }).toBytes();
    this.#socket.send(frame);
  }

  /** What the server sends, until this side closes. Throws when the other side does, or sends what is not authentic. */
  async *frames(): AsyncGenerator<Frame> {
    const options = { key: this.#serverKey, replay: this.#replay };
    for await (const bytes of this.#received()) {
      yield registry.parse(MessageProtocol.open(bytes, options));
    }
    const by = this.#closedBy;
    if (by !== "us") throw lost(by?.reason || `code ${by?.code}`);
  }

  async *#received(): AsyncGenerator<Buffer> {
    try {
      for await (const [bytes] of this.#incoming) yield bytes;
    } catch (error) {
      throw lost((error as Error).message);
    }
  }

  close(): void {
    this.#closedBy ??= "us";
    this.#socket.close(1000);
  }
}

function lost(why: string): Failure {
  return new Failure(
    `the connection to the server is lost (${why}): start again, and send again what was not acknowledged`,
    exitCodes.unreachable,
  );
}
