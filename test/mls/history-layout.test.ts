import { describe, expect, it } from "vitest";
import { concat, encodeHex } from "../../src/bytes.js";
import {
  type ChunkHead,
  decodeChunk,
  decodeHistoryKey,
  encodeChunkHead,
  encodeHistoryKeySigned,
  HISTORY_KEY_BYTES,
  historyId,
  MAX_CHUNK_BYTES,
  MESSAGES,
  PINS,
  signedChunk,
} from "../../src/mls/history-layout.js";

const MAX_ID = Number.MAX_SAFE_INTEGER;
/** The greatest time, in milliseconds (section 2). */
const MAX_TIME = 100_000_000_000_000;
const MIN_CHUNK_BYTES = 89 + 1120 + 144 + 64;

const HEAD: ChunkHead = {
  ...{ kind: MESSAGES, user_id: 7, to: "01".repeat(16), device: "ab".repeat(16) },
  ...{ chat_id: 42, first_seq: 3, last_seq: 5, time: 1_700_000_000_000 },
};
const NO_CHAT = { kind: PINS, chat_id: 0, first_seq: 0, last_seq: 0 } as const;

/** Returns a chunk of the given length, whose bytes after its head are all 1. */
const chunkOf = (head: Partial<ChunkHead> = {}, length = MIN_CHUNK_BYTES) =>
  concat(encodeChunkHead({ ...HEAD, ...head }), new Uint8Array(length - 89).fill(1));

describe("the layout of a chunk", () => {
  it("has the fields in the order of the protocol", () => {
    const chunk = chunkOf({}, 1500);
    const read = decodeChunk(chunk)!;
    expect(read).toMatchObject(HEAD);
    expect(read.head).toEqual(chunk.subarray(0, 89));
    expect(read.enc).toEqual(chunk.subarray(89, 1209));
    expect(read.ciphertext).toEqual(chunk.subarray(1209, 1436));
    expect(read.signature).toEqual(chunk.subarray(1436));
    expect(read.signed).toEqual(signedChunk(read.head, read.enc, read.ciphertext));
    expect(read.signed).toHaveLength(121);
  });

  it("has from 1,417 to 143,360 bytes", () => {
    for (const length of [MIN_CHUNK_BYTES, MAX_CHUNK_BYTES]) {
      expect(decodeChunk(chunkOf({}, length))).toMatchObject(HEAD);
    }
    for (const length of [89, MIN_CHUNK_BYTES - 1, MAX_CHUNK_BYTES + 1]) {
      expect(decodeChunk(chunkOf({}, length))).toBeUndefined();
    }
    expect(decodeChunk(new Uint8Array())).toBeUndefined();
  });

  it("is rejected with another label", () => {
    for (let at = 0; at < 16; at++) {
      const chunk = chunkOf();
      chunk[at]! ^= 1;
      expect(decodeChunk(chunk)).toBeUndefined();
    }
  });

  it("has fields from their least to their greatest value", () => {
    const valid: Partial<ChunkHead>[] = [
      { user_id: 1 },
      { user_id: MAX_ID },
      { chat_id: 1, first_seq: 1, last_seq: 1 },
      { chat_id: MAX_ID, first_seq: MAX_ID, last_seq: MAX_ID },
      { time: 0 },
      { time: MAX_TIME },
      NO_CHAT,
    ];
    for (const head of valid)
      expect(decodeChunk(chunkOf(head))).toMatchObject({ ...HEAD, ...head });
  });

  it("is rejected with a field out of range", () => {
    const invalid: Partial<ChunkHead>[] = [
      { kind: 0 as never },
      { kind: 3 as never },
      { user_id: 0 },
      { chat_id: 0 },
      { first_seq: 0 },
      { first_seq: 6 },
      { last_seq: 2 },
      { time: MAX_TIME + 1 },
      { ...NO_CHAT, chat_id: 1 },
      { ...NO_CHAT, first_seq: 1 },
      { ...NO_CHAT, last_seq: 1 },
    ];
    for (const head of invalid)
      expect(decodeChunk(chunkOf(head)), JSON.stringify(head)).toBeUndefined();
    // Above 2^53 - 1: in user_id, chat_id, first_seq, last_seq and time.
    for (const at of [17, 57, 65, 73, 81]) {
      const chunk = chunkOf();
      chunk[at] = 0xff;
      expect(decodeChunk(chunk)).toBeUndefined();
    }
  });
});

describe("the layout of a history key", () => {
  const publicKey = new Uint8Array(1216).fill(9);
  const keyOf = (user_id = 7) =>
    concat(encodeHistoryKeySigned(user_id, publicKey), new Uint8Array(64).fill(2));

  it("has the fields in the order of the protocol", () => {
    for (const user_id of [1, MAX_ID]) {
      const bytes = keyOf(user_id);
      expect(bytes).toHaveLength(HISTORY_KEY_BYTES);
      expect(decodeHistoryKey(bytes)).toEqual({
        ...{ user_id, publicKey },
        ...{ signed: bytes.subarray(0, 1244), signature: bytes.subarray(1244) },
      });
    }
  });

  it("is rejected with another length, label or user id out of range", () => {
    const bytes = keyOf();
    const invalid = [
      bytes.subarray(1),
      concat(bytes, Uint8Array.of(0)),
      keyOf(0),
      new Uint8Array(),
    ];
    for (let at = 0; at < 20; at++)
      invalid.push(bytes.map((byte, i) => (i === at ? byte ^ 1 : byte)));
    invalid.push(bytes.map((byte, at) => (at === 20 ? 0xff : byte)));
    for (const one of invalid) expect(decodeHistoryKey(one)).toBeUndefined();
  });

  it("has an id that is made from its public key", () => {
    const id = historyId(publicKey);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(historyId(publicKey.map((byte, at) => (at === 1215 ? byte ^ 1 : byte)))).not.toBe(id);
    expect(id).not.toBe(encodeHex(publicKey.subarray(0, 16)));
  });
});
