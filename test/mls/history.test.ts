import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { concat } from "../../src/bytes.js";
import { defineContent } from "../../src/index.js";
import {
  Device,
  type DeviceLog,
  decryptHistory,
  encryptHistory,
  encryptPins,
  extendLog,
  type HistoryMessage,
  makeEntry,
  makeHistoryKey,
  RecoveryKey,
  readHistoryHeader,
  readHistoryKey,
} from "../../src/mls/index.js";
import { signerOf } from "../../src/mls/signers.js";

const NOW = 1_700_000_000;
const [user_id, chat_id] = [7, 42];
const INVALID = expect.objectContaining({ code: "ERR_HISTORY_INVALID" });
const REFUSED = expect.objectContaining({ code: "ERR_VALIDATION" });

async function account(user = user_id) {
  const { device, entry, recoveryKey } = await Device.begin({ user_id: user, now: NOW });
  const log = extendLog(undefined, entry, user);
  const key = readHistoryKey(await makeHistoryKey(recoveryKey, user), log);
  return { device, recoveryKey, log, key };
}
const shared = await account();

const message = (seq: number, text = "hola"): HistoryMessage => ({
  seq,
  sender_id: 9,
  device: "0123456789abcdef0123456789abcdef",
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
  timestamp: NOW + seq,
  stored_at: NOW + seq + 0.5,
  content: { kind: "text", text },
});

async function chunkOf(messages: readonly HistoryMessage[], now = NOW) {
  const { device, key } = shared;
  return encryptHistory(device, key, { chat_id, messages, now });
}

/** Signs a changed chunk, as a device of the user could. */
async function signedAgain(chunk: Uint8Array, change: (head: Uint8Array) => void) {
  const { decodeChunk, signedChunk } = await import("../../src/mls/history-layout.js");
  const { enc, ciphertext, head } = decodeChunk(chunk)!;
  change(head);
  const { sign } = signerOf(shared.device);
  return concat(head, enc, ciphertext, await sign(signedChunk(head, enc, ciphertext)));
}

describe("a history key", () => {
  it("is that of the recovery key, and of its user's log", async () => {
    const { recoveryKey, log, key } = shared;
    const bytes = await makeHistoryKey(recoveryKey, user_id);
    expect(bytes).toHaveLength(1308);
    expect(readHistoryKey(bytes, log)).toEqual(key);
    expect(key.id).toMatch(/^[0-9a-f]{32}$/);
  });

  it("of another user, of another recovery key, or of other bytes is rejected", async () => {
    const { recoveryKey, log } = shared;
    const bytes = await makeHistoryKey(recoveryKey, user_id);
    const wrong = [
      await makeHistoryKey(recoveryKey, 9),
      await makeHistoryKey(await RecoveryKey.generate(), user_id),
      bytes.subarray(1),
      concat(bytes, Uint8Array.of(0)),
      new Uint8Array(),
      undefined as never,
    ];
    for (const one of wrong) expect(() => readHistoryKey(one, log)).toThrow(INVALID);
    for (const at of [0, 19, 27, 28, 1243, 1244, 1307]) {
      const changed = bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));
      expect(() => readHistoryKey(changed, log)).toThrow(INVALID);
    }
  });

  it("of a replaced recovery key is rejected", async () => {
    const { recoveryKey, log } = shared;
    const next = await RecoveryKey.generate();
    const change = { op: "recovery", signer: recoveryKey, recoveryKey: next, now: NOW } as const;
    const later = extendLog(log, await makeEntry(log, change));
    const bytes = await makeHistoryKey(recoveryKey, user_id);
    expect(() => readHistoryKey(bytes, later)).toThrow(INVALID);
    expect(readHistoryKey(await makeHistoryKey(next, user_id), later).user_id).toBe(user_id);
  });
});

describe("encrypting to a history key", () => {
  it("rejects what readHistoryKey does not return, and keys to which nothing can be encrypted", async () => {
    const { device, key, recoveryKey, log } = shared;
    const to = (other: unknown) => encryptPins(device, other as never, { pins: [], now: NOW });
    const id = "0".repeat(32);
    for (const other of [undefined, {}, { ...key, id }, { ...key, publicKey: new Uint8Array(31) }])
      await expect(async () => to(other)).rejects.toThrow(REFUSED);
    const signed = concat(
      (await makeHistoryKey(recoveryKey, user_id)).subarray(0, 28),
      new Uint8Array(1216).fill(0xff),
    );
    const bytes = concat(signed, await signerOf(recoveryKey).sign(signed));
    await expect(to(readHistoryKey(bytes, log))).rejects.toThrow(INVALID);
  });
});

describe("a chunk of messages", () => {
  it("is decrypted by the recovery key", async () => {
    const { recoveryKey, log } = shared;
    const messages = [message(3), message(4, "adiós"), message(90)];
    const { chunk, count } = await chunkOf(messages);
    expect(count).toBe(3);
    expect(await decryptHistory(recoveryKey, chunk, { log })).toEqual({
      kind: "messages",
      chat_id,
      messages,
    });
    const head = { kind: "messages", chat_id, first_seq: 3, last_seq: 90, user_id };
    expect(readHistoryHeader(chunk, log)).toMatchObject(head);
  });

  it("keeps its first seq after its first message was removed", async () => {
    const { device, key, recoveryKey, log } = shared;
    const options = { chat_id, messages: [message(5)], first_seq: 3, now: NOW };
    const { chunk } = await encryptHistory(device, key, options);
    expect(readHistoryHeader(chunk, log)).toMatchObject({ first_seq: 3, last_seq: 5 });
    expect(await decryptHistory(recoveryKey, chunk, { log })).toMatchObject({
      messages: [{ seq: 5 }],
    });
    await expect(encryptHistory(device, key, { ...options, first_seq: 6 })).rejects.toThrow(
      REFUSED,
    );
  });

  it("has the application's contents, and the fallback of those that are not defined", async () => {
    const { device, key, recoveryKey, log } = shared;
    const Poll = defineContent("poll", z.object({ question: z.string() }), { fallback: "a poll" });
    const content = { kind: "poll", question: "when?" } as const;
    const messages = [{ ...message(1), content }];
    const { chunk } = await encryptHistory(device, key, {
      ...{ chat_id, messages, now: NOW },
      contents: [Poll],
    });
    const known = await decryptHistory(recoveryKey, chunk, { log, contents: [Poll] });
    expect(known).toMatchObject({ messages: [{ content: { question: "when?" } }] });
    const unknown = await decryptHistory(recoveryKey, chunk, { log });
    const fallback = { kind: "unknown", fallback: "a poll" };
    expect(unknown).toMatchObject({ messages: [{ content: fallback }] });
    const { messages: read } = unknown as { messages: readonly HistoryMessage[] };
    const { chunk: copied } = await chunkOf(read);
    expect(await decryptHistory(recoveryKey, copied, { log })).toEqual(unknown);
  });

  it("has at most 65,536 bytes of body, unless it has one message", async () => {
    const text = (length: number) => "x".repeat(length);
    const [first, second] = [message(1, text(32_000)), message(2, text(33_100))];
    expect(await chunkOf([first, second])).toMatchObject({ count: 2 });
    expect(await chunkOf([first, message(2, text(33_600))])).toMatchObject({ count: 1 });
    const longest = await chunkOf([message(1, text(131_000)), second]);
    expect(longest.count).toBe(1);
    expect(longest.chunk.length).toBeLessThanOrEqual(143_360);
    await expect(chunkOf([message(1, text(132_000))])).rejects.toThrow(REFUSED);
    const short = Array.from({ length: 512 }, (_, at) => message(at + 1, ""));
    expect((await chunkOf(short)).count).toBeLessThan(512);
  });

  it("is refused without messages, in another order, or with invalid ones", async () => {
    const wrong: unknown[] = [
      [],
      [message(2), message(1)],
      [message(1), message(1)],
      [{ ...message(1), device: "0" }],
      [{ ...message(1), device: [message(1).device] }],
      [{ ...message(1), client_id: "" }],
      [{ ...message(0) }],
      [{ ...message(1), timestamp: Number.NaN }],
      [{ ...message(1), content: undefined }],
      [undefined],
    ];
    for (const messages of wrong) await expect(chunkOf(messages as never)).rejects.toThrow(REFUSED);
  });

  it("with one changed byte is rejected", async () => {
    const { recoveryKey, log } = shared;
    const { chunk } = await chunkOf([message(1)]);
    for (let at = 0; at < chunk.length; at += at < 89 ? 1 : 37) {
      const changed = chunk.map((byte, index) => (index === at ? byte ^ 0x10 : byte));
      await expect(decryptHistory(recoveryKey, changed, { log })).rejects.toThrow(INVALID);
    }
    const [short, long] = [chunk.subarray(1), concat(chunk, Uint8Array.of(0))];
    for (const one of [short, long, new Uint8Array(), undefined as never])
      await expect(decryptHistory(recoveryKey, one, { log })).rejects.toThrow(INVALID);
  });

  it("that a device signed with other fields is rejected", async () => {
    const { recoveryKey, log } = shared;
    const { chunk } = await chunkOf([message(3), message(4)]);
    const offsets = {
      kind: 16,
      user: 24,
      to: 25,
      device: 41,
      chat: 64,
      first: 72,
      last: 80,
      time: 81,
    };
    for (const at of Object.values(offsets)) {
      const changed = await signedAgain(chunk, (head) => {
        head[at]! ^= 2;
      });
      await expect(decryptHistory(recoveryKey, changed, { log })).rejects.toThrow(INVALID);
    }
  });

  it("of another user, or to another recovery key, is rejected", async () => {
    const { recoveryKey, log } = shared;
    const { chunk } = await chunkOf([message(1)]);
    const other = await account(9);
    await expect(decryptHistory(recoveryKey, chunk, { log: other.log })).rejects.toThrow(INVALID);
    const unrelated = await RecoveryKey.generate();
    await expect(decryptHistory(unrelated, chunk, { log })).rejects.toThrow(INVALID);
    await expect(decryptHistory({} as never, chunk, { log })).rejects.toThrow(REFUSED);
  });

  it("of a removed device is accepted up to the time of its removal", async () => {
    const { device, recoveryKey, log } = shared;
    const change = { op: "remove", signer: recoveryKey, device: device.id, now: NOW + 10 } as const;
    const later: DeviceLog = extendLog(log, await makeEntry(log, change));
    const before = await chunkOf([message(1)], NOW + 10);
    await expect(decryptHistory(recoveryKey, before.chunk, { log: later })).resolves.toMatchObject({
      kind: "messages",
    });
    const after = await chunkOf([message(1)], NOW + 10.001);
    await expect(decryptHistory(recoveryKey, after.chunk, { log: later })).rejects.toThrow(INVALID);
  });

  it("of a device that a reset removed is accepted up to the time of the reset", async () => {
    const { recoveryKey, log } = shared;
    const begin = await Device.begin({ user_id, now: NOW + 10, reset: log });
    const later = extendLog(log, begin.entry);
    const { chunk } = await chunkOf([message(1)], NOW + 10);
    expect((await decryptHistory(recoveryKey, chunk, { log: later })).kind).toBe("messages");
    const after = await chunkOf([message(1)], NOW + 10.001);
    await expect(decryptHistory(recoveryKey, after.chunk, { log: later })).rejects.toThrow(INVALID);
    const key = readHistoryKey(await makeHistoryKey(begin.recoveryKey, user_id), later);
    const options = { chat_id, messages: [message(1)], now: NOW + 20 };
    const own = await encryptHistory(begin.device, key, options);
    expect(readHistoryHeader(own.chunk, later)).toMatchObject({ device: begin.device.id });
  });
});

describe("a chunk of pins", () => {
  const pin = { user_id: 9, seq: 3, head: new Uint8Array(32).fill(5), isVerified: true };

  it("is decrypted by the recovery key", async () => {
    const { device, key, recoveryKey, log } = shared;
    const pins = [pin, { ...pin, user_id: 10, isVerified: false }];
    const chunk = await encryptPins(device, key, { pins, now: NOW });
    expect(await decryptHistory(recoveryKey, chunk, { log })).toEqual({ kind: "pins", pins });
    expect(readHistoryHeader(chunk, log)).toMatchObject({ kind: "pins", chat_id: 0 });
  });

  it("has 1,024 valid pins at most", async () => {
    const { device, key } = shared;
    const make = (pins: unknown[]) => encryptPins(device, key, { pins: pins as never, now: NOW });
    const many = Array.from({ length: 1024 }, (_, at) => ({ ...pin, user_id: at + 1 }));
    expect((await make(many)).length).toBeLessThanOrEqual(143_360);
    const wrong = [[...many, pin], [{ ...pin, seq: 1025 }], [{ ...pin, head: new Uint8Array(31) }]];
    for (const pins of wrong) await expect(async () => make(pins)).rejects.toThrow(REFUSED);
  });
});
