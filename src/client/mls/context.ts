import { invalidArgument, objectArgument } from "../../arguments.js";
import { encodeUuid } from "../../bytes.js";
import { unixNow } from "../../clock.js";
import { uuidv7 } from "../../crypto/random.js";
import { kindsOf } from "../../e2e/content.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { Device } from "../../mls/device.js";
import { inOrder } from "../in-order.js";
import { idArgument } from "../options.js";
import { Background } from "./background.js";
import { DeviceLogs } from "./device-logs.js";
import { KeptChat } from "./kept-chat.js";
import { KeyPackages } from "./key-packages.js";
import { OwnDevices } from "./own-devices.js";
import { MessageRecords } from "./records.js";
import type { MlsServer } from "./server.js";
import type { MlsStorage } from "./storage.js";
import type { MlsChatsOptions, MlsEvent } from "./types.js";

/** What the parts of `MlsChats` share. */
export interface Context<Definition extends AnyContentDefinition> {
  readonly user_id: number;
  readonly storage: MlsStorage;
  readonly server: MlsServer;
  readonly listeners: Set<(event: MlsEvent) => void>;
  readonly emit: (event: MlsEvent) => void;
  readonly logs: DeviceLogs;
  readonly own: OwnDevices;
  readonly background: Background;
  readonly records: MessageRecords<Definition>;
  readonly contents: readonly Definition[];
  readonly keyPackages: KeyPackages;
  /** The chats that this device has joined, and those that it tried to join. */
  readonly chats: Map<number, KeptChat>;
  /** Ids of the chats whose stored messages changed since they were written to the history. */
  readonly changedChats: Set<number>;
  /** Changes the stored numbers of written chunks one after another. */
  readonly chunksInOrder: ReturnType<typeof inOrder>;
  /** Ids of the chats of which messages were removed or replaced since their chunks were last read. */
  readonly rewrittenChats: Set<number>;
}

/** The context of each MlsChats, inaccessible to callers. */
const contexts = /* @__PURE__ */ new WeakMap<object, unknown>();

export function setContext<Definition extends AnyContentDefinition>(
  mls: object,
  context: Context<Definition>,
): void {
  contexts.set(mls, context);
}

/** Returns the context of an MlsChats. @throws {ValidationError} if `mls` is none. */
export function contextOf<Definition extends AnyContentDefinition>(
  mls: object,
): Context<Definition> {
  const context = contexts.get(mls);
  if (context === undefined) throw invalidArgument("mls", "must be an MlsChats");
  return context as Context<Definition>;
}

/** Returns what identifies a new message. */
export function newIdentity(): { client_id: string; timestamp: number } {
  const now = unixNow();
  return { client_id: encodeUuid(uuidv7(now)), timestamp: Math.floor(now * 1000) / 1000 };
}

/** Returns the one object of a chat, also of one that this device has not joined: two would overwrite each other's state. */
export function keptChat(
  {
    chats,
    storage,
    own,
    logs,
  }: Pick<Context<AnyContentDefinition>, "chats" | "storage" | "own" | "logs">,
  chat_id: number,
): KeptChat {
  const kept = chats.get(chat_id) ?? new KeptChat(chat_id, storage, own.device!, logs);
  chats.set(chat_id, kept);
  return kept;
}

/** Waits until no other program uses the storage, and loads what it has. `release` ends the use. */
export async function openContext<Definition extends AnyContentDefinition>(
  options: MlsChatsOptions<Definition>,
): Promise<{ context: Context<Definition>; release: () => void | Promise<void> }> {
  const { user_id, contents, ...given } = objectArgument(options, "options");
  const { storage: locked, server: connected, ...waiting } = given;
  idArgument(user_id, "options.user_id");
  objectArgument(locked, "options.storage");
  objectArgument(connected, "options.server");
  const kinds = kindsOf(contents);
  const { signal = new AbortController().signal, onWait = () => {} } = waiting;
  const background = new Background();
  const [storage, server] = [background.accesses(locked), background.requests(connected)];
  const onLost = () => void background.end();
  const release = await locked.lock({ signal, steal: false, onWait, onLost });
  try {
    const listeners = new Set<(event: MlsEvent) => void>();
    const emit = (event: MlsEvent) => {
      for (const listener of listeners) {
        try {
          listener(event);
        } catch (error) {
          // As of a listener of a platform's event: it stops nothing else.
          queueMicrotask(() => {
            throw error;
          });
        }
      }
    };
    const logs = new DeviceLogs(user_id, storage, server, emit, background);
    const chats = new Map<number, KeptChat>();
    listeners.add(({ type }) => {
      // What waits in a chat of the user goes on, or fails.
      if (["fork", "log", "accepted"].includes(type))
        for (const kept of chats.values()) kept.signal();
    });
    const own = new OwnDevices(user_id, storage, server, logs, async () => {
      const replaced = [...chats.values()];
      chats.clear();
      await Promise.all(replaced.map((chat) => chat.end()));
    });
    await logs.load();
    await own.load();
    if (own.device !== undefined) await loadChats(chats, storage, own.device, logs);
    const context: Context<Definition> = {
      ...{ user_id, storage, server, listeners, emit, logs, own, background },
      records: new MessageRecords(kinds),
      contents: [...kinds.values()],
      keyPackages: new KeyPackages(storage, server),
      chats,
      changedChats: new Set(),
      chunksInOrder: inOrder(),
      rewrittenChats: new Set(),
    };
    return { context, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function loadChats(
  chats: Map<number, KeptChat>,
  storage: MlsStorage,
  device: Device,
  logs: DeviceLogs,
): Promise<void> {
  for (const key of await storage.keys("state/")) {
    const chat = new KeptChat(Number(key.slice("state/".length)), storage, device, logs);
    await chat.load();
    chats.set(chat.chat_id, chat);
  }
}
