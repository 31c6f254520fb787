import { describe } from "vitest";
import { ReplayGuard } from "../../src/index.js";
import { rawBin, rawFloat64, rawMap, rawText, rawWire1, rawWire2 } from "../../src/testing/raw.js";
import { NOW } from "../support/examples.js";
import { counting, hex } from "../support/hex.js";
import { create, fields, itHasMessages, key, open, wire1With } from "./fixture.js";

const frame = create({ wire: 2 }).sign(key).toBytes();
const openWire1 = (changes: Partial<typeof fields>) =>
  open(rawWire1(key, { ...fields, ...changes }));
const openWire2 = (changes: object) => open(rawWire2(key, { ...fields, ...changes }));
const openPayload = (bytes: string) => openWire2({ payload: hex(bytes) });
/** Offset of the payload in such a frame. */
const PAYLOAD_AT = 36;
const wire1Entries = Object.entries(fields).map(([name, value]) => [rawText(name), value] as const);

describe("with bytes that are not a frame, the error is", () => {
  itHasMessages([
    ["a frame must be a Uint8Array or an ArrayBuffer", "ERR_MALFORMED", () => open("text")],
    ["malformed frame: neither wire 1 nor wire 2", "ERR_MALFORMED", () => open(new Uint8Array(3))],
    ...["", "81", "85", "96", "98"].map(
      (bytes) =>
        [
          "malformed frame: neither wire 1 nor wire 2",
          "ERR_MALFORMED",
          () => open(hex(bytes)),
        ] as const,
    ),
    [
      `frame exceeds a limit: ${frame.length} bytes of at most 9`,
      "ERR_BOUND_EXCEEDED",
      () => open(frame, { maxFrameBytes: 9 }),
    ],
    ["malformed frame: no type", "ERR_MALFORMED", () => open(wire1With(["payload", "timestamp"]))],
    ["malformed frame: no payload", "ERR_MALFORMED", () => open(wire1With(["type", "timestamp"]))],
    [
      "malformed frame: an unknown key",
      "ERR_MALFORMED",
      () => open(wire1With(["type", "payload", "x"])),
    ],
    [
      "malformed frame: the payload is not a map",
      "ERR_MALFORMED",
      () => openWire1({ payload: Uint8Array.of(0x90) }),
    ],
    ["malformed frame: the payload is not a map", "ERR_MALFORMED", () => openPayload("90")],
    [
      "malformed frame: the type is not text",
      "ERR_MALFORMED",
      () => openWire1({ type: Uint8Array.of(7) }),
    ],
    [
      "malformed frame: the type must have 1 to 64 bytes",
      "ERR_MALFORMED",
      () => openWire1({ type: rawText("") }),
    ],
    [
      "malformed frame: the timestamp is neither a float64 nor an integer",
      "ERR_MALFORMED",
      () => openWire1({ timestamp: rawText("") }),
    ],
    [
      "malformed frame: the version is not 2",
      "ERR_MALFORMED",
      () => openWire2({ version: Uint8Array.of(3) }),
    ],
    [
      "malformed frame: the key id is not text",
      "ERR_MALFORMED",
      () => openWire2({ keyId: Uint8Array.of(0xc0) }),
    ],
    [
      "malformed frame: the key id is not in its shortest form",
      "ERR_MALFORMED",
      () => openWire2({ keyId: hex("d9 02 6b31") }),
    ],
    [
      "malformed frame: the key id is not UTF-8",
      "ERR_MALFORMED",
      () => openWire2({ keyId: hex("a1 ff") }),
    ],
    [
      "malformed frame: the key id must have 0 to 64 bytes",
      "ERR_MALFORMED",
      () => openWire2({ keyId: rawText("k".repeat(65)) }),
    ],
    [
      "malformed frame: the type must have 1 to 64 bytes",
      "ERR_MALFORMED",
      () => openWire2({ type: rawText("") }),
    ],
    [
      "malformed frame: the id is not a byte string",
      "ERR_MALFORMED",
      () => openWire2({ id: rawText("id") }),
    ],
    [
      "malformed frame: the id must have 16 bytes",
      "ERR_MALFORMED",
      () => openWire2({ id: rawBin(counting(15)) }),
    ],
    [
      "malformed frame: the timestamp is not a float64",
      "ERR_MALFORMED",
      () => openWire2({ timestamp: Uint8Array.of(7) }),
    ],
    [
      "malformed frame: a timestamp that is not finite",
      "ERR_MALFORMED",
      () => openWire2({ timestamp: rawFloat64(Number.NaN) }),
    ],
    [
      "malformed frame: the payload is not in its shortest form",
      "ERR_MALFORMED",
      () => openWire2({ payloadInBin: hex("c5 0001 80") }),
    ],
    [
      "malformed frame: the mac is not a byte string",
      "ERR_MALFORMED",
      () => open(frame.with(-34, 0xc0)),
    ],
    [
      "malformed frame: the signature is not text",
      "ERR_MALFORMED",
      () => open(rawMap(...wire1Entries, [rawText("signature"), Uint8Array.of(0xc0)])),
    ],
    [
      "malformed frame: the frame ends too early",
      "ERR_MALFORMED",
      () => open(frame.subarray(0, -1)),
    ],
    [
      "malformed frame: bytes after the end",
      "ERR_MALFORMED",
      () => open(Uint8Array.of(...frame, 0)),
    ],
  ]);
});

describe("with malformed MessagePack in a payload, the error is", () => {
  itHasMessages([
    [
      `malformed frame at byte ${PAYLOAD_AT + 1}: bytes after the end`,
      "ERR_MALFORMED",
      () => openPayload("80 c0"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 3}: an extension type or an unassigned byte`,
      "ERR_MALFORMED",
      () => openPayload("81 a161 c1"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 3}: the frame ends too early`,
      "ERR_MALFORMED",
      () => openPayload("81 a161"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 4}: text that is not UTF-8`,
      "ERR_MALFORMED",
      () => openPayload("81 a161 a1ff"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 1}: a key that is not text`,
      "ERR_MALFORMED",
      () => openPayload("81 01 02"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 4}: a duplicate key`,
      "ERR_MALFORMED",
      () => openPayload("82 a161 01 a161 02"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 1}: a forbidden key`,
      "ERR_MALFORMED",
      () => openPayload("81 a95f5f70726f746f5f5f 80"),
    ],
    [
      `malformed frame at byte ${PAYLOAD_AT + 11}: a timestamp that is not finite`,
      "ERR_MALFORMED",
      () => openPayload("81 a974696d657374616d70 cb7ff0000000000000"),
    ],
    [
      `frame exceeds a limit: an integer past 2^53 at byte ${PAYLOAD_AT + 3}`,
      "ERR_BOUND_EXCEEDED",
      () => openPayload("81 a161 cf0020000000000000"),
    ],
    [
      "frame exceeds a limit: more than 16 nested containers",
      "ERR_BOUND_EXCEEDED",
      () => openPayload(`81 a161 ${"91".repeat(20)}`),
    ],
    [
      "frame exceeds a limit: more than 65536 elements",
      "ERR_BOUND_EXCEEDED",
      () => openPayload("81 a161 dd00010000"),
    ],
  ]);
});

describe("with a frame that is not accepted, the error is", () => {
  itHasMessages([
    [
      "the frame is not authentic under this key",
      "ERR_VERIFY",
      () => open(frame.with(-1, frame.at(-1)! ^ 1)),
    ],
    [
      "the frame is too old: check the clocks of both ends",
      "ERR_EXPIRED",
      () => open(frame, { now: NOW + 361 }),
    ],
    [
      "the frame is from the future: check the clocks of both ends",
      "ERR_FROM_FUTURE",
      () => open(frame, { now: NOW - 61 }),
    ],
    [
      "the frame was received before",
      "ERR_REPLAYED",
      () => open(frame, { replay: { add: () => false } }),
    ],
    [
      "the frame expired before the replay guard received it",
      "ERR_EXPIRED",
      () => new ReplayGuard().add(counting(32), NOW, NOW + 1),
    ],
    [
      "the replay guard is full, with 1 frames: wait until some expire, or increase its capacity",
      "ERR_REPLAY_GUARD_FULL",
      () => {
        const guard = new ReplayGuard({ capacity: 1 });
        guard.add(counting(32), NOW, NOW);
        guard.add(counting(32).reverse(), NOW, NOW);
      },
    ],
    ["`key` must be a SigningKey or a Keyring", "ERR_KEY", () => open(frame, { key: "secret" })],
  ]);
});
