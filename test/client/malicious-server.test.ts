import { afterEach, describe, expect, it, vi } from "vitest";
import { type Connect, memoryStorage, type SocketListener } from "../../src/client/index.js";
import {
  Ack,
  ChatMessage,
  type MessageDefinition,
  MessageListResponse,
  type PayloadSchema,
  type ValueToSend,
} from "../../src/index.js";
import { acceptHello, type Channel } from "../../src/server/index.js";
import { fromBob, offer } from "../session/fixture.js";
import { CHAT, Network, SESSION_KEY, start, stopAll, text } from "./fixture.js";

afterEach(stopAll);

const now = () => Date.now() / 1000;

/** A server that performs the handshake, and then sends what a test says. */
class RawServer {
  /** The types of the frames of the client on the last connection. */
  received: string[] = [];
  #channel: Channel | undefined;
  #listener: SocketListener | undefined;

  readonly connect: Connect = (listener) => {
    this.#listener = listener;
    setTimeout(() => listener.opened());
    return { send: (bytes) => this.#receive(bytes), close: (code) => listener.closed(code) };
  };

  send<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
  ): void {
    this.#listener!.received(this.#channel!.encode(definition, value, now()));
  }

  cut(): void {
    this.#channel = undefined;
    this.received = [];
    this.#listener!.closed(1006);
  }

  /** Waits for a frame of a type. */
  async wait(type: string): Promise<void> {
    await vi.waitUntil(() => this.received.includes(type), { timeout: 10_000 });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#channel !== undefined) {
      this.received.push(this.#channel.open(bytes, now()).type);
      return;
    }
    const { channel, frame } = acceptHello(bytes, SESSION_KEY, offer, now());
    this.#channel = channel;
    setTimeout(() => this.#listener!.received(frame));
  }
}

async function startWith(server: RawServer) {
  const storage = memoryStorage();
  const { connect } = server;
  const started = await start(new Network(), { storage, connect });
  started.client.follow(CHAT);
  await server.wait("resume");
  /** Returns the stored client ids by seq. */
  const stored = async () =>
    (await storage.messages(CHAT, { before: 99, limit: 99 })).map((one) => [
      one.seq,
      one.client_id,
    ]);
  /** Waits until the cursor of the chat is stored. */
  const reach = (seq: number) =>
    vi.waitUntil(async () => new Map((await storage.load()).cursors).get(CHAT) === seq, {
      timeout: 30_000,
    });
  return { ...started, stored, reach };
}

const inOrder = (...seqs: number[]) => seqs.map((seq) => [seq, fromBob(seq).client_id]);

describe("the stored messages of a client", () => {
  it("are not replaced by a message that the server acknowledges with an earlier seq", async () => {
    const server = new RawServer();
    const { client, wait, stored, reach } = await startWith(server);
    const list = { chat_id: CHAT, after: 0, through: 2, has_more: false };
    server.send(MessageListResponse, { ...list, messages: [fromBob(1), fromBob(2)] });
    await reach(2);
    const client_id = await client.send(CHAT, text("hola"));
    await server.wait("message");
    const ack = { client_id, chat_id: CHAT, message_id: 1, stored_at: now() };
    server.send(Ack, { ...ack, seq: 1 });
    await wait("sent");
    server.send(ChatMessage, fromBob(3));
    await reach(3);
    expect(await stored()).toEqual(inOrder(1, 2, 3));
  });

  it("contain the messages that a server has again after a lag", async () => {
    const server = new RawServer();
    const { wait, stored, reach } = await startWith(server);
    const list = { chat_id: CHAT, has_more: false };
    const messages = [1, 2, 3].map((seq) => fromBob(seq));
    server.send(MessageListResponse, { ...list, after: 0, through: 3, messages });
    await reach(3);
    server.cut();
    await wait("offline");
    await server.wait("resume");
    server.send(MessageListResponse, { ...list, after: 3, through: 1, messages: [] });
    await reach(1);
    expect(await stored()).toEqual(inOrder(1));
    const again = messages.slice(1);
    server.send(MessageListResponse, { ...list, after: 1, through: 3, messages: again });
    await reach(3);
    expect(await stored()).toEqual(inOrder(1, 2, 3));
  });
});
