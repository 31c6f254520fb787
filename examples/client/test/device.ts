import { vi } from "vitest";
import {
  Account,
  loginInMemory,
  Messenger,
  type MessengerEvent,
  type MessengerOptions,
  type Stores,
  signIn,
  storesInMemory,
} from "../src/index.js";
import { NodeWebSocket } from "../src/node/index.js";

/** An address at which no server listens. */
const NOWHERE = new URL("ws://127.0.0.1:1");
const PASSWORD = "correct horse";

interface DeviceOptions {
  readonly how?: "register" | "login";
  readonly password?: string;
  readonly stores?: Stores;
}

/** Registers an account or logs in to one, on a new device that stores everything in memory. */
export async function enter(
  server: string,
  username: string,
  { how = "register", password = PASSWORD, stores = storesInMemory() }: DeviceOptions = {},
): Promise<Account> {
  const login = loginInMemory();
  await signIn(how, server, { username, password }, login, () => stores);
  return Account.open(login, () => stores);
}

/**
 * Starts a messenger and records its events. `waitForEvents` waits until `count` events of a type are recorded, and returns all of
 * that type.
 */
export async function talk(
  account: Account,
  options: Omit<Partial<MessengerOptions>, "account"> = {},
) {
  const reported: MessengerEvent[] = [];
  const messenger = await Messenger.start({
    WebSocket: NodeWebSocket,
    ...options,
    account,
    async onEvent(event) {
      reported.push(event);
      await options.onEvent?.(event);
    },
  });
  const waitForEvents = async <Type extends MessengerEvent["type"]>(type: Type, count = 1) => {
    const some = () => reported.filter((event) => event.type === type);
    await vi.waitUntil(() => some().length >= count, { timeout: 30_000 });
    return some() as Extract<MessengerEvent, { type: Type }>[];
  };
  return { messenger, reported, waitForEvents };
}

/** A network connection that a test can cut. While it is cut, attempts to connect fail. */
export class Line {
  isCut: boolean;
  readonly WebSocket: MessengerOptions["WebSocket"] & {};
  #socket: NodeWebSocket | undefined;

  constructor(isCut = false) {
    this.isCut = isCut;
    const line = this;
    this.WebSocket = class extends NodeWebSocket {
      constructor(url: URL) {
        super(line.isCut ? NOWHERE : url);
        line.#socket = this;
      }
    };
  }

  cut(): void {
    this.isCut = true;
    this.#socket?.terminate();
  }
}
