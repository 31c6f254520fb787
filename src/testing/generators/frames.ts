import fc from "fast-check";
import { type Bytes, encodeUtf8 } from "../../bytes.js";
import { MessageProtocol } from "../../envelope/message-protocol.js";
import type { SigningKey } from "../../envelope/signing-key.js";
import { MAX_TYPE_BYTES } from "../../limits.js";
import { anyMessage, type GeneratedMessage } from "./messages.js";
import { type GeneratedPayload, payload, signingKey, text, unixTime } from "./values.js";

/** A signed frame, and its key and time. */
export interface GeneratedFrame {
  readonly bytes: Bytes;
  readonly wire: 1 | 2;
  readonly key: SigningKey;
  /** Unix time in seconds. */
  readonly timestamp: number;
}

/** Options of the frame generators. */
export interface FrameGeneratorOptions {
  /** Format of the frames. Default: both. */
  readonly wire?: 1 | 2;
  /** Key that signs the frames. Default: any. */
  readonly key?: SigningKey;
}

/** A signed frame, and the message in it. */
export interface GeneratedMessageFrame extends GeneratedFrame, GeneratedMessage {}

/**
 * Generates signed frames with the messages of docs/PROTOCOL.md, section 7. A frame is fresh at its own `timestamp`.
 *
 * ```ts
 * fc.property(messageFrame(), ({ bytes, key, timestamp, definition, value }) => {
 *   const message = MessageProtocol.open(bytes, { key, now: timestamp });
 *   expect(definition.fromProtocol(message)).toEqual(value);
 * });
 * ```
 */
export function messageFrame(
  options: FrameGeneratorOptions = {},
): fc.Arbitrary<GeneratedMessageFrame> {
  return fc
    .tuple(anyMessage(), wireOf(options), keyOf(options), unixTime())
    .map(([{ definition, value }, wire, key, timestamp]) => {
      const bytes = definition.toProtocol(value, key, { wire, timestamp }).toBytes();
      return { bytes, wire, key, timestamp, definition, value };
    });
}

/** A signed frame, and its type and payload. */
export interface GeneratedPlainFrame extends GeneratedFrame {
  readonly type: string;
  readonly payload: GeneratedPayload;
}

/** Generates signed frames with any type, and with a payload of `payload()`. */
export function frame(options: FrameGeneratorOptions = {}): fc.Arbitrary<GeneratedPlainFrame> {
  return fc
    .tuple(type(), payload(), wireOf(options), keyOf(options), unixTime())
    .map(([type, payload, wire, key, timestamp]) => {
      const bytes = new MessageProtocol({ type, payload, wire, timestamp }).sign(key).toBytes();
      return { bytes, wire, key, timestamp, type, payload };
    });
}

/** Generates types of frames: 1 to 64 bytes of UTF-8. */
export function type(): fc.Arbitrary<string> {
  return text({ minLength: 1, maxLength: MAX_TYPE_BYTES }).filter(
    (name) => encodeUtf8(name).length <= MAX_TYPE_BYTES,
  );
}

export function wireOf({ wire }: FrameGeneratorOptions): fc.Arbitrary<1 | 2> {
  return wire === undefined ? fc.constantFrom(1, 2) : fc.constant(wire);
}

export function keyOf({ key }: FrameGeneratorOptions): fc.Arbitrary<SigningKey> {
  return key === undefined ? signingKey() : fc.constant(key);
}
