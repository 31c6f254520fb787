import { numberArgument, objectArgument, timeArgument } from "../arguments.js";
import { type Bytes, decodeUuid, encodeUuid, fitsInUtf8, isWellFormed } from "../bytes.js";
import { unixNow } from "../clock.js";
import { uuidv7 } from "../crypto/random.js";
import {
  FreshnessError,
  KeyError,
  ValidationError,
  type ValidationIssue,
  VerifyError,
} from "../errors.js";
import { MAX_FRAME_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import type { DecodedMap, WireMap } from "../wire/decode.js";
import type { Frame } from "../wire/frame.js";
import { readFrame } from "../wire/read-frame.js";
import { encodeWire1 } from "../wire/wire1.js";
import { encodeWire2 } from "../wire/wire2.js";
import { ageLimits, assertFresh, type FreshnessOptions } from "./freshness.js";
import { findKey, type Keyring, keysOf } from "./keyring.js";
import type { ReplayGuard } from "./replay-guard.js";
import { isSigningKey, macOf, type SigningKey } from "./signing-key.js";

/** The fields of a new message. */
export interface MessageFields {
  /** Name of the message, 1 to 64 UTF-8 bytes. */
  readonly type: string;
  /** A plain object of nil, booleans, numbers, text, bytes, arrays and plain objects. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Unix time in seconds. Default: now. */
  readonly timestamp?: number | undefined;
  /** Format of the frame. Default: 1, which every peer reads. */
  readonly wire?: 1 | 2;
  /** UUID of the frame in lower case, for wire 2 only. Default: a new UUIDv7. */
  readonly id?: string;
}

/** A limit on the size of a frame. */
export interface FrameOptions {
  /** Maximum size of a frame in bytes. Default: 1 MiB. */
  readonly maxFrameBytes?: number;
}

/** Options of `MessageProtocol.open`. */
export interface OpenOptions extends FreshnessOptions, FrameOptions {
  /** The key of the sender, or a keyring that has it. */
  readonly key: SigningKey | Keyring;
  /** Rejects frames that were received before. Without it, look up the message's `identity` in a store of your own. */
  readonly replay?: Pick<ReplayGuard, "add">;
  /** Time of receipt, Unix time in seconds. Default: now. */
  readonly now?: number;
}

/**
 * A frame that this module has read or encoded, and its time of receipt. Callers cannot create one: an object of theirs in
 * place of a frame would receive the keys.
 *
 * @internal
 */
class Source {
  readonly frame: Frame;
  readonly receivedAt: number;

  constructor(frame: Frame, receivedAt: number) {
    this.frame = frame;
    this.receivedAt = receivedAt;
  }
}

/**
 * A message in its envelope: type, payload, timestamp and signature. It is immutable: `sign` returns a new message.
 *
 * ```ts
 * const key = SigningKey.from("a secret that both ends share");
 * const bytes = new MessageProtocol({ type: "greeting", payload: { text: "hola" } }).sign(key).toBytes();
 * MessageProtocol.open(bytes, { key }).payload; // { text: "hola" }
 * ```
 */
export class MessageProtocol {
  /** Name of the message. */
  readonly type: string;
  /** Unix time in seconds. For a frame without a timestamp, the time of receipt. */
  readonly timestamp: number;
  /** Format of the frame. */
  readonly wire: 1 | 2;
  readonly #frame: Frame;
  /** Whether the caller gave no timestamp, so that `sign` may change it by microseconds. */
  readonly #hasOwnTimestamp: boolean;
  /** Decoded payload, in a separate object because the message is frozen. */
  readonly #cache: { decoded?: DecodedMap | undefined } = {};

  /**
   * Creates a new, unsigned message. Later changes of `fields` do not affect it.
   *
   * @throws {ValidationError} if a field cannot be encoded, or the signed frame would exceed `maxFrameBytes`.
   */
  constructor(fields: MessageFields & FrameOptions);
  /** @internal */
  constructor(source: Source);
  constructor(source: (MessageFields & FrameOptions) | Source) {
    if (source instanceof Source) {
      this.#frame = source.frame;
      this.timestamp = source.frame.timestamp ?? source.receivedAt;
      this.#hasOwnTimestamp = false;
    } else {
      // Reflect.construct reaches this point with VerifiedMessage as the class.
      if (this instanceof VerifiedMessage)
        throw new KeyError("only MessageProtocol.open creates a VerifiedMessage");
      const { timestamp } = objectArgument(source, "fields");
      this.timestamp = timestamp ?? unixNow();
      this.#frame = encodeFrame(source, this.timestamp);
      this.#hasOwnTimestamp = timestamp === undefined;
    }
    this.type = this.#frame.type;
    this.wire = this.#frame.wire;
    // The constructor of a subclass still adds its own fields.
    if (new.target === MessageProtocol) Object.freeze(this);
  }

  /**
   * Reads a copy of a frame of either wire (docs/PROTOCOL.md, sections 3 and 4) without verifying it. For untrusted input
   * call `open`.
   *
   * @param bytes - The frame.
   * @param options - `now` is the time of receipt, Unix time in seconds.
   * @throws {DecodeError} if `bytes` is not a frame of at most `maxFrameBytes` bytes.
   * @throws {ValidationError} if an option is invalid.
   *
   * ```ts
   * MessageProtocol.fromBytes(bytes).verify(key); // true or false
   * ```
   */
  static fromBytes(
    bytes: Uint8Array | ArrayBuffer,
    options: FrameOptions & { readonly now?: number } = {},
  ): MessageProtocol {
    const { now = unixNow() } = objectArgument(options, "options");
    const receivedAt = timeArgument(now, "options.now");
    return new MessageProtocol(new Source(readFrame(bytes, frameLimit(options)), receivedAt));
  }

  /**
   * Verifies and reads an untrusted frame (docs/PROTOCOL.md, section 6). It checks size and format, signature, age, and
   * replay, in this order, and then decodes the payload.
   *
   * @param bytes - The frame, at most `maxFrameBytes` bytes (default 1 MiB).
   * @throws {DecodeError} if `bytes` is not a frame, or if its payload is malformed.
   * @throws {VerifyError} if no key of `key` signed the frame.
   * @throws {FreshnessError} if the frame is too old, from the future, or was received before.
   * @throws {KeyError} if `key` is neither a SigningKey nor a Keyring.
   * @throws {ValidationError} if another option is invalid.
   *
   * ```ts
   * const message = MessageProtocol.open(event.data, { key, replay });
   * ```
   */
  static open(bytes: Uint8Array | ArrayBuffer, options: OpenOptions): VerifiedMessage {
    const { key, replay, now = unixNow() } = objectArgument(options, "options");
    const keys = keysOf(key);
    if (keys === undefined) throw new KeyError("`key` must be a SigningKey or a Keyring");
    timeArgument(now, "options.now");
    const age = ageLimits(options);
    const frame = readFrame(bytes, frameLimit(options));
    const found = findKey(frame, keys);
    if (found === undefined || frame.timestamp === undefined) throw new VerifyError();
    const expires = assertFresh(frame.timestamp, now, age);
    // Only `true` accepts a frame: a store that returns a promise or undefined must not accept it.
    if (replay !== undefined && replay.add(found.tag.slice(), expires, now) !== true) {
      throw new FreshnessError("ERR_REPLAYED", "the frame was received before");
    }
    const message = new VerifiedMessage(new Source(frame, now), found.key, found.tag);
    message.#cache.decoded = frame.decodePayload();
    return message;
  }

  /**
   * The payload, frozen. On wire 1 bytes are base64 text. A payload with byte arrays, which cannot be frozen, is decoded
   * again at each read. The payload of a message from `fromBytes` is decoded at the first read, and not authentic before
   * `verify` returns true.
   *
   * @throws {DecodeError} if the payload is malformed. That of a message from `open` is not.
   */
  get payload(): WireMap {
    const { map, hasBytes } = this.#cache.decoded ?? this.#frame.decodePayload();
    this.#cache.decoded = hasBytes ? undefined : { map, hasBytes };
    return map;
  }

  /** Signature as 64 lower-case hex digits, or `""` for an unsigned message. */
  get signature(): string {
    return this.#frame.signature;
  }

  /** Id of the key that the frame names, not verified. Always `""` on wire 1. */
  get keyId(): string {
    return this.#frame.keyId;
  }

  /** UUID of the frame. Undefined on wire 1. */
  get id(): string | undefined {
    return this.#frame.id && encodeUuid(this.#frame.id);
  }

  /**
   * Returns the message signed with HMAC-SHA256 (RFC 2104) by `key`. The signed bytes of a received message stay the same.
   * If a new wire 1 message was created without a timestamp, and the key has already signed at its time, the timestamp
   * moves forward by a microsecond.
   *
   * @throws {KeyError} if `key` is not a SigningKey.
   * @throws {ValidationError} if a received message has no timestamp.
   */
  sign(key: SigningKey): MessageProtocol {
    const isMessage = typeof this === "object" && this !== null && #frame in this;
    if (!isMessage || !isSigningKey(key))
      throw new KeyError("sign needs a MessageProtocol and a SigningKey");
    const { wire, timestamp: at } = this;
    const timestamp = wire === 1 && this.#hasOwnTimestamp ? key.nextTimestamp(at) : undefined;
    const frame = this.#frame.signedBy(macOf(key), { keyId: key.id, timestamp });
    return new MessageProtocol(new Source(frame, at));
  }

  /** Returns whether `key`, or a key of that keyring, signed the message. Returns false for any other value of `key`. */
  verify(key: SigningKey | Keyring): boolean {
    const keys = keysOf(key);
    return keys !== undefined && findKey(this.#frame, keys) !== undefined;
  }

  /**
   * Returns the bytes of the frame in a new array. `{ unsigned: true }` allows an unsigned wire 1 message; without this
   * option, code that ignores the result of `sign` would send unsigned frames.
   *
   * @throws {KeyError} `ERR_UNSIGNED` if the message is unsigned, and not allowed to be.
   */
  toBytes(options: { readonly unsigned?: boolean } = {}): Bytes {
    const { unsigned = false } = objectArgument(options, "options");
    if (!this.#frame.isSigned && this.wire === 2) {
      throw new KeyError("a wire 2 message must be signed first: sign(key).toBytes()", {
        code: "ERR_UNSIGNED",
      });
    }
    if (!this.#frame.isSigned && !unsigned) {
      throw new KeyError(
        "the message is unsigned: sign(key).toBytes(), or toBytes({ unsigned: true }) to allow it",
        { code: "ERR_UNSIGNED" },
      );
    }
    return this.#frame.toBytes();
  }
}

const { sign } = MessageProtocol.prototype;

/** Signs a message like `sign`, but never calls a method of a subclass, which would receive the key. */
export function signed(message: MessageProtocol, key: SigningKey): MessageProtocol {
  return sign.call(message, key);
}

/**
 * A message that `MessageProtocol.open` has verified. Nothing else creates one: a function that takes a VerifiedMessage
 * cannot be called with an unverified message.
 *
 * ```ts
 * const onMessage = (message: VerifiedMessage) => registry.parse(message);
 * onMessage(MessageProtocol.open(bytes, { key }));
 * ```
 */
export class VerifiedMessage extends MessageProtocol {
  /** The key that verified the message. */
  readonly key: SigningKey;
  readonly #identity: Bytes;

  /** @internal */
  constructor(source: Source, key: SigningKey, identity: Bytes) {
    super(source);
    this.key = key;
    this.#identity = identity;
    Object.freeze(this);
  }

  /** The 32-byte HMAC-SHA256 tag, which identifies the frame on both wires. Use it as the key of a shared replay store. */
  get identity(): Bytes {
    return this.#identity.slice();
  }
}

function frameLimit({ maxFrameBytes = MAX_FRAME_BYTES }: FrameOptions): number {
  return numberArgument(maxFrameBytes, "maxFrameBytes", 0);
}

/** Returns whether a value can be the type of a message. */
export function isMessageType(type: unknown): type is string {
  return (
    typeof type === "string" &&
    type !== "" &&
    isWellFormed(type) &&
    fitsInUtf8(type, MAX_TYPE_BYTES)
  );
}

export const INVALID_TYPE: ValidationIssue = {
  path: ["type"],
  message: `must be well-formed text of 1 to ${MAX_TYPE_BYTES} UTF-8 bytes`,
};

function encodeFrame(fields: MessageFields & FrameOptions, timestamp: number): Frame {
  const { type, payload, wire = 1, id } = fields;
  const maxFrameBytes = frameLimit(fields);
  const invalid = (field: string, message: string) =>
    new ValidationError("message", [{ path: [field], message }]);
  if (!isMessageType(type)) throw new ValidationError("message", [INVALID_TYPE]);
  timeArgument(timestamp, "timestamp");
  if (wire !== 1 && wire !== 2) throw invalid("wire", "must be 1 or 2");
  if (wire === 1 && id !== undefined) throw invalid("id", "only wire 2 has an id");
  let frame: Frame;
  if (wire === 1) {
    frame = encodeWire1({ type, payload, timestamp });
  } else {
    const idBytes = id === undefined ? uuidv7(timestamp) : decodeUuid(id);
    if (idBytes === undefined) throw invalid("id", "must be a UUID in lower case");
    frame = encodeWire2({ type, payload, timestamp, id: idBytes });
  }
  if (!(frame.signedLength <= maxFrameBytes)) {
    throw invalid("payload", `the frame would have more than ${maxFrameBytes} bytes`);
  }
  return frame;
}
