import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChatMessage, MessageProtocol } from "../../src/index.js";
import { directionKeys } from "../../src/server/index.js";
import { httpKeys } from "../../src/session/index.js";
import {
  connectionKeys,
  httpFrameKeys,
  isSignedWith,
  signedFrame,
  tagOf,
} from "../../src/testing/contract/codec.js";
import { chatMessage } from "../../src/testing/generators/index.js";
import { rawFloat64, rawMap, rawText, rawWire1 } from "../../src/testing/raw.js";
import { NOW } from "../support/examples.js";
import { counting, toHex } from "../support/hex.js";
import { runs } from "../support/runs.js";

const SESSION_KEY = counting(32);
const NONCES = { hello: counting(32).slice(0, 16), welcome: counting(32).slice(16) };

/** The library's keys, and those of the contract suite that must be the same. */
const KEYS = [
  ["the handshake", directionKeys(SESSION_KEY), connectionKeys(SESSION_KEY)],
  [
    "a connection",
    directionKeys(SESSION_KEY, NONCES),
    connectionKeys(SESSION_KEY, Uint8Array.of(...NONCES.hello, ...NONCES.welcome)),
  ],
  ["HTTP bodies", httpKeys(SESSION_KEY), httpFrameKeys(SESSION_KEY)],
] as const;

function isSignedFrame(frame: Uint8Array, key: Uint8Array): boolean {
  try {
    MessageProtocol.fromBytes(frame);
  } catch {
    return false;
  }
  return isSignedWith(frame, key);
}

describe("the codec of the contract suite", () => {
  for (const [name, theirs, own] of KEYS) {
    it(`signs frames of ${name} that the library opens, on both wires`, () => {
      fc.assert(
        fc.property(chatMessage(), fc.constantFrom(1 as const, 2 as const), (payload, wire) => {
          const frame = signedFrame({ type: "message", payload, timestamp: NOW, wire }, own.client);
          const message = MessageProtocol.open(frame, { key: theirs.client, now: NOW });
          expect(ChatMessage.fromProtocol(message)).toEqual(payload);
          expect(toHex(tagOf(frame))).toBe(message.signature);
        }),
        { numRuns: runs(200) },
      );
    });

    it(`recognises frames of ${name} that the library signed, and no changed ones`, () => {
      fc.assert(
        fc.property(
          chatMessage(),
          fc.constantFrom(1 as const, 2 as const),
          fc.nat(),
          (payload, wire, place) => {
            const options = { wire, timestamp: NOW };
            const frame = ChatMessage.toProtocol(payload, theirs.server, options).toBytes();
            expect(isSignedWith(frame, own.server)).toBe(true);
            expect(isSignedWith(frame, own.client)).toBe(false);
            frame[place % frame.length]! ^= 1;
            expect(isSignedFrame(frame, own.server)).toBe(false);
          },
        ),
        { numRuns: runs(200) },
      );
    });
  }

  it.each([
    [["type", "timestamp", "payload", "signature"]],
    [["signature", "timestamp", "payload", "type"]],
    [["payload", "signature", "type", "timestamp"]],
  ] as const)("recognises wire 1 frames with their entries in the order %s", (order) => {
    const { client } = directionKeys(SESSION_KEY);
    const fields = { type: rawText("test"), payload: rawMap(), timestamp: rawFloat64(NOW) };
    const frame = rawWire1(client, fields, order);
    expect(isSignedWith(frame, connectionKeys(SESSION_KEY).client)).toBe(true);
    expect(isSignedWith(frame, connectionKeys(SESSION_KEY).server)).toBe(false);
  });

  it("recognises wire 1 frames whose timestamp is an integer", () => {
    const { client } = directionKeys(SESSION_KEY);
    const timestamp = Uint8Array.of(0xce, 0x65, 0x53, 0xf1, 0x00);
    const frame = rawWire1(client, { type: rawText("test"), payload: rawMap(), timestamp });
    expect(MessageProtocol.fromBytes(frame).timestamp).toBe(NOW);
    expect(isSignedWith(frame, connectionKeys(SESSION_KEY).client)).toBe(true);
    expect(isSignedWith(frame, connectionKeys(SESSION_KEY).server)).toBe(false);
  });
});
