import { onTestFinished } from "vitest";
import type { MlsServer } from "../../src/client/mls/index.js";
import { MlsChats, type MlsEvent, memoryMlsStorage } from "../../src/client/mls/index.js";
import type { ChatMessage } from "../../src/messages/chat.js";
import { readLog } from "../../src/mls/index.js";

interface TestChat {
  epoch: number;
  group_info: Uint8Array;
  readonly messages: ChatMessage[];
}

/** An answer of the server that rejects a request. */
export class RejectionError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
  }
}

/** A delivery service in memory (docs/PROTOCOL.md, section 15), without access checks. */
export class TestMlsServer {
  readonly logs = new Map<number, Uint8Array[]>();
  readonly chats = new Map<number, TestChat>();
  readonly invitations: { device: string; chat_id: number; content: Uint8Array }[] = [];
  readonly #acceptances = new Map<string, Uint8Array>();
  readonly #keyPackages = new Map<string, Uint8Array[]>();

  /** Returns the endpoints in the session of a user, some of which `changes` replaces. */
  of(user_id: number, changes: (server: MlsServer) => Partial<MlsServer> = () => ({})): MlsServer {
    const store = (message: ChatMessage) => {
      const { messages } = this.chats.get(message.chat_id)!;
      messages.push({ ...message, seq: messages.length + 1 });
    };
    const counts = [1, 0xf00d].map((suite) => ({ suite, count: 40, has_last_resort: true }));
    // A new device then publishes only key packages of last resort: making 80 takes half a second.
    const fresh = counts.map((one) => ({ ...one, has_last_resort: false }));
    const server: MlsServer = {
      entries: async (id, after) => (this.logs.get(id) ?? []).slice(after),
      addEntry: async (entry, password) => {
        const isReset = entry[64] === 5;
        if (isReset && password !== "right") throw new RejectionError(403, "ERR_FORBIDDEN");
        this.logs.set(user_id, [...(this.logs.get(user_id) ?? []), entry]);
      },
      leaveAcceptance: async (device, acceptance) => {
        this.#acceptances.set(device, acceptance);
      },
      acceptance: async (device) => this.#acceptances.get(device),
      publish: async (device, some, last) => {
        const all = this.#keyPackages.get(device) ?? [];
        this.#keyPackages.set(device, [...all, ...some, ...last]);
        return all.length > 0 ? counts : fresh;
      },
      countKeyPackages: async () => counts,
      claim: async (_, users) =>
        users.flatMap((id) => {
          const log = readLog(this.logs.get(id) ?? [], { user_id: id });
          return log.devices.flatMap((one) => this.#keyPackages.get(one.id) ?? []);
        }),
      commit: async ({ message, invitation, group_info }) => {
        const { chat_id, epoch } = message;
        const known = this.chats.get(chat_id);
        const chat = known ?? { epoch: 0, group_info, messages: [] };
        if (chat.messages.some(({ client_id }) => client_id === message.client_id)) return;
        if (epoch !== chat.epoch) throw new RejectionError(409, "ERR_EPOCH_CONFLICT");
        this.chats.set(chat_id, { ...chat, epoch: chat.epoch + 1, group_info });
        store({ ...message, content_type: "commit" });
        for (const device of invitation?.device_ids ?? [])
          this.invitations.push({ device, chat_id, content: invitation!.content });
      },
      send: async (message) => store(message),
      groupInfo: async (chatId) => this.chats.get(chatId)!.group_info,
      nextInvitation: async (device, after) => {
        const at = this.invitations.findIndex((one, at) => one.device === device && at >= after);
        return at < 0 ? undefined : { ...this.invitations[at]!, invitation_id: at + 1 };
      },
      deleteInvitation: async (id) => {
        this.invitations[id - 1] = { ...this.invitations[id - 1]!, device: "" };
      },
      chats: async () => [],
    };
    return { ...server, ...changes(server) };
  }
}

/** The MLS chats of a device, and what it has seen. */
export class TestDevice {
  readonly events: MlsEvent[] = [];
  readonly server: TestMlsServer;
  readonly mls: MlsChats;
  /** What commits fail with before they reach the server. */
  readonly fails: { commit: Error | undefined };
  #seen = 0;

  private constructor(server: TestMlsServer, mls: MlsChats, fails: TestDevice["fails"]) {
    this.server = server;
    this.mls = mls;
    this.fails = fails;
    mls.on((event) => void this.events.push(event));
  }

  static async open(
    server: TestMlsServer,
    user_id: number,
    changes?: (server: MlsServer) => Partial<MlsServer>,
    storage = memoryMlsStorage(),
  ): Promise<TestDevice> {
    const fails: TestDevice["fails"] = { commit: undefined };
    const real = server.of(user_id, changes);
    const commit: MlsServer["commit"] = async (request) => {
      if (fails.commit !== undefined) throw fails.commit;
      await real.commit(request);
    };
    const options = { user_id, storage, server: { ...real, commit } };
    const mls = await MlsChats.open(options);
    onTestFinished(() => mls.close());
    return new TestDevice(server, mls, fails);
  }

  /** Opens the first device of a user. */
  static async begin(...options: Parameters<typeof TestDevice.open>): Promise<TestDevice> {
    const device = await TestDevice.open(...options);
    await device.mls.begin(() => {});
    await device.mls.sync();
    return device;
  }

  /** Receives what the server has of a chat. Returns what the messages are. */
  async receive(chatId: number) {
    const { messages } = this.server.chats.get(chatId)!;
    const read = [];
    for (const message of messages.slice(this.#seen))
      read.push(await this.mls.cipher(chatId).decrypt(message));
    this.#seen = messages.length;
    this.mls.caughtUp(chatId);
    return read;
  }

  /** Encrypts a text, and sends it. */
  async send(chatId: number, text: string): Promise<ChatMessage> {
    const content = { kind: "text", text } as const;
    const sender_id = this.mls.user_id;
    const message = await this.mls.cipher(chatId).encrypt({ chat_id: chatId, sender_id, content });
    const { messages } = this.server.chats.get(chatId)!;
    messages.push({ ...message, seq: messages.length + 1 });
    return messages.at(-1)!;
  }
}

/** Changes a server so that it shows another device log of a user, with one entry. */
export function showing(user_id: number, entry: Uint8Array) {
  return (real: MlsServer): Partial<MlsServer> => ({
    entries: async (id, after) => (id === user_id ? [entry].slice(after) : real.entries(id, after)),
  });
}

/** Creates a chat of some devices. */
export async function chatOf(chatId: number, [first, ...others]: TestDevice[]): Promise<void> {
  const add = others.map(({ mls }) => mls.user_id);
  await first!.mls.create(chatId, { suite: 1, add });
  await first!.receive(chatId);
  for (const other of others) {
    await other.mls.sync();
    await other.receive(chatId);
  }
}
