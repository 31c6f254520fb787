// Declares the names that the examples in doc comments use, such as keys and received bytes.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  Ack,
  type ChatMessage,
  ChatMessage as ChatMessages,
  createRegistry,
  defineContent,
  deriveSessionKey,
  LacreError,
  MessageProtocol,
  ReplayGuard,
  type Resume,
  SigningKey,
  type StatusEvent,
} from "lacre";
import { createClient, memoryStorage } from "lacre/client";
import { type HistoryServer, MlsChats, type MlsServer, memoryMlsStorage } from "lacre/client/mls";
import { ChatKey, chatCipher, createChatKey, encrypt, encryptMessage } from "lacre/e2e";
import {
  Device,
  encryptHistory,
  extendLog,
  type HistoryMessage,
  MlsChat,
  makeHistoryKey,
  readHistoryKey,
} from "lacre/mls";
import {
  acceptHello,
  directionKeys,
  encodeHttpAnswer,
  memoryStore,
  messageDigest,
} from "lacre/server";
import { httpKeys, Session } from "lacre/session";
import type { ContractTarget } from "lacre/testing";
import { WebSocket } from "ws";
import * as z from "zod/mini";

export { default as fc } from "fast-check";
export { default as wire1 } from "lacre/vectors/wire1.json" with { type: "json" };

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

export const now = Date.now() / 1000;
export const key = SigningKey.from("a secret that both ends share");
export const signingKey = key;
export const [current, previous] = ["this year's secret", "last year's secret"];
export const bytes = new MessageProtocol({ type: "greeting", payload: { text: "hola" } })
  .sign(key)
  .toBytes();
export const event = { data: bytes };
export const replay = new ReplayGuard();
export const error: unknown = new Error("of something else");
export const registry = createRegistry([ChatMessages]);
export const show = (_: unknown) => {};
export const Picture = defineContent("picture", z.object({ file_id: z.int() }), {
  fallback: "A picture",
});

export const chatKey = await ChatKey.from(random(32));
export const file = random(1000);
export const encrypted = await encrypt(chatKey, file, {
  aad: new TextEncoder().encode("photo.jpg"),
});
export const message: ChatMessage = await encryptMessage(chatKey, {
  chat_id: 42,
  sender_id: 7,
  content: { kind: "text", text: "hola" },
});
export const opened = MessageProtocol.open(ChatMessages.toProtocol(message, key).toBytes(), {
  key,
});
export const chat = await createChatKey("café con leche", { iterations: 100_000 });

export const [serverSecret, sessionId] = [random(32), random(16)];
export const sessionKey = deriveSessionKey(serverSecret, sessionId);
/** Answers a message in a frame as a server does. */
export const post = async (body: Uint8Array): Promise<Uint8Array> => {
  const { client, server } = httpKeys(sessionKey);
  const { identity } = MessageProtocol.open(body, { key: client });
  const client_id = "018bcfe5-687b-7abc-8def-0123456789ab";
  const ack = { client_id, chat_id: 42, message_id: 9001, seq: 3, stored_at: now };
  return encodeHttpAnswer(Ack, ack, { key: server, request: identity });
};
export const session_key = sessionKey;
export const user_id = 7;
export const outbox = [];
export const cursors = [];
export const perform = (_: unknown) => {};
const session = new Session({ session_key, user_id });
session.handle({ type: "tick" }, now);
const hello = session
  .handle({ type: "connected" }, now)
  .find((action) => action.type === "transmit");
export const frame = hello!.bytes;
const offer = { capabilities: [], limits: {}, heartbeat: 30 };
export const { channel } = acceptHello(frame, sessionKey, offer, now);
export const keys = directionKeys(sessionKey);
export const receipt: StatusEvent = {
  event_type: "read",
  user_id,
  chat_id: 42,
  seq: 1,
  timestamp: now,
};
export const stored = { digest: messageDigest(message) };
export const asked = { sent_at: now };
export const page: ChatMessage[] = [{ ...message, seq: 1 }];
export const messages = page;
export const last_seq = 1;
export const store = memoryStore({ members: () => [user_id] });
export const send = (_: Uint8Array) => {};
export const close = (_: number, __: string) => {};
export const resume: Resume = { chat_id: 42, after: 0, limit: 10 };

export const { device, entry, recoveryKey } = await Device.begin({ user_id, now });
export const [lost, entries] = [device, [entry]];
export const log = extendLog(undefined, entry, user_id);
export const [theirLog, pin] = [log, log];

/** MLS messages without keys and ciphertext (RFC 9420, sections 6 and 10). */
const identity = [...new Uint8Array(7), user_id, ...Buffer.from(device.id, "hex")];
const leaf = [0, 32, ...device.publicKey, 0, 1, 24, ...identity, 0, 0, 0, 0, 0, 1];
const validity = new Uint8Array(16);
export const keyPackage = Uint8Array.from([
  ...[0, 1, 0, 5, 0, 1, 0, 1, 0, ...leaf, ...validity, 0, 0, 0],
  ...[0x40, 64, ...new Uint8Array(64)],
]);
const groupId = [...new Uint8Array(7), 42, ...new Uint8Array(16)];
export const mlsMessage = Uint8Array.from([
  ...[0, 1, 0, 2, 24, ...groupId, 0, 0, 0, 0, 0, 0, 0, 3],
  ...[1, 0, 0, 0],
]);

const bobs = await Device.begin({ user_id: 9, now });
const bobsPackages = await bobs.device.keyPackages({ count: 1, suites: [0xf00d] });
export const newDevice = bobs.device;
export const [keep, keyPackages] = [bobsPackages.keep, bobsPackages.publish];
export const logs = [log, extendLog(undefined, bobs.entry, 9)];
export const [chat_id, suite] = [42, 0xf00d as const];
export const identityOf = () => ({ client_id: crypto.randomUUID(), timestamp: now });
const created = await MlsChat.create(device, {
  ...{ chat_id, suite, add: [9], keyPackages, logs },
  ...identityOf(),
});
export const mlsChat = created.chat.accept().chat;
export const { group_info } = created.request;
export const { content } = created.request.invitation!;
export const save = (..._: unknown[]) => {};
export const historyKey = readHistoryKey(await makeHistoryKey(recoveryKey, user_id), log);
export const readMessages: HistoryMessage[] = [
  {
    ...{ seq: 1, sender_id: 9, device: bobs.device.id, client_id: crypto.randomUUID() },
    ...{ timestamp: now, stored_at: now, content: { kind: "text", text: "hola" } },
  },
];
export const { chunk } = await encryptHistory(device, historyKey, {
  ...{ chat_id, messages: readMessages, now },
});

// Node 20 has no WebSocket.
Object.assign(globalThis, { WebSocket });
export const url = () => "ws://127.0.0.1:1";
export const cipher = chatCipher(chatKey);
export const storage = memoryStorage();
export const directory = mkdtempSync(join(tmpdir(), "lacre-prelude-"));
export const client = createClient({ url, session_key, user_id, storage, chats: () => cipher });
await client.stop();

const offline = (): never => {
  throw new Error("this server cannot be reached");
};
const noAnswer = async () => offline();
export const mlsServer: MlsServer = {
  ...{ entries: noAnswer, addEntry: noAnswer, leaveAcceptance: noAnswer, acceptance: noAnswer },
  ...{ publish: noAnswer, countKeyPackages: noAnswer, claim: noAnswer, commit: noAnswer },
  ...{ send: noAnswer, groupInfo: noAnswer, nextInvitation: noAnswer, chats: noAnswer },
  deleteInvitation: noAnswer,
};
export const historyServer: HistoryServer = {
  ...{ historyKey: noAnswer, publishHistoryKey: noAnswer, deleteHistory: noAnswer },
  ...{ writeChunk: noAnswer, deleteChunk: noAnswer, chunks: noAnswer },
};
export const mlsChats = await MlsChats.open({
  ...{ user_id, storage: memoryMlsStorage(), server: mlsServer },
});
export const target: ContractTarget = { fetch: async () => offline(), connect: offline };
export const test = (_name: string, _run: () => unknown) => {};
export const expect = (value: unknown) => ({
  toEqual: (other: unknown) => assert.deepEqual(value, other),
  toContain: (one: unknown) => assert.ok((value as unknown[]).includes(one)),
});

export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof LacreError) return thrown.code;
  }
  return "none";
}
