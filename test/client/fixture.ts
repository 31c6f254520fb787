import { vi } from "vitest";
import {
  type ChatCipher,
  type Client,
  type ClientEvent,
  type ClientOptions,
  type ClientStorage,
  type Connect,
  createClient,
  memoryStorage,
  type SocketListener,
} from "../../src/client/index.js";
import { ChatKey, type Content, chatCipher, type TextContent } from "../../src/e2e/index.js";
import type { ChatMessage } from "../../src/index.js";
import { ALICE, BOB, CHAT, SESSION_KEY } from "../session/fixture.js";
import { ModelServer, type ServerSocket } from "../session/model-server.js";
import { counting } from "../support/hex.js";

export { ALICE, BOB, CHAT, SESSION_KEY };
/** A chat of the same members. */
export const OTHER_CHAT = 43;

export type TestClient = Client<TextContent, Content>;
export type TestEvent = ClientEvent<Content>;
export type TestOptions = ClientOptions<TextContent, Content>;

export const text = (of: string): TextContent => ({ kind: "text", text: of });

/** Returns the cipher of a chat whose key has the given first byte. */
export async function cipherOf(first = 0): Promise<ChatCipher<TextContent, Content>> {
  const bytes = counting(32).map((byte, at) => (at === 0 ? first + 1 : byte));
  return chatCipher(await ChatKey.from(bytes));
}

/** A server, and sockets to it that tests can cut. */
export class Network {
  isDown = false;
  /** Messages that the server rejects. */
  rejects = (_message: ChatMessage) => false;
  readonly server = new ModelServer(
    new Map([
      [CHAT, [ALICE, BOB]],
      [OTHER_CHAT, [ALICE, BOB]],
    ]),
    { isBusy: () => false, rejects: (message) => this.rejects(message) },
  );
  /** The frames that clients sent. */
  readonly received: Uint8Array[] = [];
  readonly #open = new Map<ServerSocket, SocketListener>();

  /** Number of sockets that are open. */
  get open(): number {
    return this.#open.size;
  }

  connect(user_id: number): Connect {
    return (listener) => {
      if (this.isDown) throw new Error("the network is down");
      const later = (work: () => void) => setTimeout(() => this.#open.has(socket) && work(), 0);
      const socket: ServerSocket = {
        user_id,
        sessionKey: SESSION_KEY,
        send: (bytes) => later(() => listener.received(bytes)),
        close: (code) => later(() => this.#close(socket, code)),
      };
      this.#open.set(socket, listener);
      this.server.connect(socket);
      later(() => listener.opened());
      return {
        send: (bytes) => {
          this.received.push(bytes);
          later(() => void this.server.receive(socket, bytes));
        },
        close: (code) => later(() => this.#close(socket, code)),
      };
    };
  }

  /** Closes all sockets, or those of one user. */
  cut(code = 1006, userId?: number): void {
    for (const socket of [...this.#open.keys()])
      if (socket.user_id === (userId ?? socket.user_id)) this.#close(socket, code);
  }

  #close(socket: ServerSocket, code: number): void {
    const listener = this.#open.get(socket);
    this.#open.delete(socket);
    this.server.disconnect(socket);
    listener?.closed(code);
  }
}

export interface StartOptions extends Partial<Omit<TestOptions, "url" | "WebSocket">> {
  readonly user_id?: number;
  readonly storage?: ClientStorage;
}

const running = new Set<TestClient>();

/** Stops the clients of a test. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((client) => client.stop()));
  running.clear();
}

/** Starts a client and records its events. */
export async function start(network: Network, options: StartOptions = {}) {
  const { user_id = ALICE, storage = memoryStorage() } = options;
  const cipher = await cipherOf();
  const { connect = network.connect(user_id), chats = () => cipher } = options;
  const client: TestClient = createClient<TextContent, Content>({
    ...{ session_key: SESSION_KEY, user_id, storage, chats, connect },
    ...(options.capabilities && { capabilities: options.capabilities }),
  });
  running.add(client);
  const events = record(client);
  return { client, storage, events, ...reader(events) };
}

const TYPES = [
  ...["message", "sent", "failed", "status", "waiting", "online", "offline", "gap", "caught_up"],
  ...["rewound", "lost", "error", "refused", "storage", "stopped"],
] as TestEvent["type"][];

/** Records all events of a client by listeners. */
export function record(client: TestClient): TestEvent[] {
  const events: TestEvent[] = [];
  for (const type of TYPES) client.on(type, (event) => void events.push(event));
  return events;
}

function reader(events: readonly TestEvent[]) {
  const of = <Type extends TestEvent["type"]>(type: Type) =>
    events.filter((event) => event.type === type) as Extract<TestEvent, { type: Type }>[];
  /** Waits until `count` events of a type were reported, and returns all of that type. */
  const wait = async <Type extends TestEvent["type"]>(type: Type, count = 1) => {
    await vi.waitUntil(() => of(type).length >= count, { timeout: 30_000, interval: 5 });
    return of(type);
  };
  /** Returns the texts of the messages in events of a type. */
  const texts = (type: "message" | "sent" | "failed") =>
    of(type).map(({ message: { content } }) => (content?.kind === "text" ? content.text : content));
  return { of, wait, texts };
}
