import {
  type ChatMessage,
  createRegistry,
  deriveSessionKey,
  Keyring,
  MessageProtocol,
  ReplayGuard,
  SigningKey,
} from "../../../../src/index.js";
import { rawFloat64, rawText, rawWire1, rawWire2 } from "../../../../src/testing/raw.js";
import { decode } from "../../../../src/wire/decode.js";
import { scan } from "../../../../src/wire/scan.js";
import { everyMessage } from "../../../support/examples.js";
import { frames, KEY, NOW, payloads, texts } from "../seeds.js";
import { type FuzzTarget, holds, shapeOf } from "../target.js";

const RING = new Keyring([SigningKey.from("another secret", { id: "k0" }), KEY]);
const OTHER_KEY = SigningKey.from("a secret of another key", { id: "k1" });
const DEFINITIONS = Object.values(everyMessage).map(({ definition }) => definition);
const registry = createRegistry(DEFINITIONS as unknown as (typeof ChatMessage)[]);
const TYPES = Object.keys(everyMessage);

/** Makes a frame with any payload and a valid signature, so that the input reaches the code behind authentication. */
function signed(input: Uint8Array): Uint8Array {
  const choice = (input[0] ?? 0) % (2 * TYPES.length);
  const type = rawText(TYPES[choice >> 1]!);
  const fields = { type, timestamp: rawFloat64(NOW), payload: input.subarray(1) };
  return choice % 2 === 0 ? rawWire1(KEY, fields) : rawWire2(KEY, fields);
}

const withChoice = payloads.flatMap((payload, at) =>
  [2 * at, 2 * at + 1].map((choice) => Uint8Array.of(choice, ...payload)),
);

export const envelopeTargets: readonly FuzzTarget[] = [
  {
    name: "fromBytes",
    weight: 8,
    seeds: frames,
    run(input) {
      const message = MessageProtocol.fromBytes(input, { now: NOW });
      const isVerified = message.verify(KEY);
      holds(!message.verify(OTHER_KEY), "no frame verifies with another key");
      const { payload, signature, keyId, id, timestamp } = message;
      return `${isVerified} ${shapeOf(payload, 1)} ${signature.length} ${keyId.length} ${id?.length} ${timestamp > NOW}`;
    },
  },
  {
    name: "open",
    weight: 6,
    seeds: frames,
    run(input) {
      const replay = new ReplayGuard();
      const message = MessageProtocol.open(input, { key: RING, replay, now: NOW });
      holds(
        message.identity.length === 32 && replay.size === 1,
        "the guard records an opened frame",
      );
      return `opened ${message.type}`;
    },
  },
  {
    name: "open and parse, validly signed",
    weight: 3,
    seeds: withChoice,
    run(input) {
      const message = MessageProtocol.open(signed(input), { key: KEY, now: NOW });
      const parsed = registry.safeParse(message);
      if (!parsed.success) throw parsed.error;
      return `${message.wire} ${parsed.value.type}`;
    },
  },
  {
    name: "definitions' parse",
    weight: 3,
    seeds: withChoice,
    run(input) {
      const payload = input.subarray(1);
      scan(payload);
      const definition = DEFINITIONS[(input[0] ?? 0) % DEFINITIONS.length]!;
      const value = definition.parse(decode(payload, 0));
      return shapeOf(definition.parse(value), 1);
    },
  },
  {
    name: "keys from bytes",
    weight: 1,
    seeds: [...texts, new Uint8Array(32), new Uint8Array(48).fill(7)],
    run(input) {
      const key = SigningKey.from(input);
      const message = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW }).sign(key);
      holds(message.verify(key), "a key verifies what it signed");
      return String(deriveSessionKey(input, input.subarray(0, 16)).length);
    },
  },
];
