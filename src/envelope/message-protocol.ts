import { decodeUuid, encodeUuid, fitsInUtf8, isWellFormed } from "../bytes.js";
import { unixNow } from "../clock.js";
import { uuidv7 } from "../crypto/random.js";
import { FreshnessError, KeyError, ValidationError, VerifyError } from "../errors.js";
import { MAX_FRAME_BYTES, MAX_TYPE_BYTES } from "../limits.js";
import type { WireMap } from "../wire/decode.js";
import type { Frame } from "../wire/frame.js";
import { readFrame } from "../wire/read-frame.js";
import { encodeWire1 } from "../wire/wire1.js";
import { encodeWire2 } from "../wire/wire2.js";
import { assertFresh, type FreshnessOptions } from "./freshness.js";
import { findKey, isKeyOrKeyring, type Keyring } from "./keyring.js";
import type { ReplayGuard } from "./replay-guard.js";
import { SigningKey } from "./signing-key.js";

/** What a message is made of. */
export interface MessageFields {
  /** Name of the message, 1 to 64 UTF-8 bytes. */
  readonly type: string;
  /** A plain object of nil, booleans, numbers, text, bytes, arrays and plain objects. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Unix time in seconds. By default now. */
  readonly timestamp?: number | undefined;
  /** The format of the frame. By default 1, which every peer reads. */
  readonly wire?: 1 | 2;
  /** The frame's own UUID, which only wire 2 has. By default a new UUIDv7. */
  readonly id?: string;
}

/** How large a frame may be. */
export interface FrameOptions {
  /** Most bytes of a frame. 1 MiB by default. */
  readonly maxFrameBytes?: number;
}

/** How to open a frame. */
export interface OpenOptions extends FreshnessOptions, FrameOptions {
  /** The key that the sender must have signed with, or the ring that it is in. */
  readonly key: SigningKey | Keyring;
  /** Refuses frames that came before. Without one, ask a store of your own by the message's `identity`. */
  readonly replay?: Pick<ReplayGuard, "add">;
  /** Unix time in seconds. By default the platform's clock. */
  readonly now?: number;
}

/**
 * A message in its envelope: type, payload, timestamp and signature. It never changes; `sign` returns another.
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
  /** Unix time in seconds; for a frame that came without one, the time of receipt. */
  readonly timestamp: number;
  /** The format of the frame. */
  readonly wire: 1 | 2;
  readonly #frame: Frame;
  /** Whether the sender left the time to us, so that signing may move it by microseconds. */
  readonly #hasOwnTimestamp: boolean;
  #payload: WireMap | undefined;

  /**
   * Encodes a new, unsigned message, which is independent of `fields` from then on.
   * Throws ValidationError for what no frame can carry.
   */
  constructor(fields: MessageFields & FrameOptions);
  /** @internal */
  constructor(frame: Frame, receivedAt: number);
  constructor(source: (MessageFields & FrameOptions) | Frame, receivedAt?: number) {
    if (receivedAt === undefined) {
      const fields = source as MessageFields & FrameOptions;
      this.timestamp = fields.timestamp ?? unixNow();
      this.#frame = encodeFrame(fields, this.timestamp);
      this.#hasOwnTimestamp = fields.timestamp === undefined;
    } else {
      this.#frame = source as Frame;
      this.timestamp = this.#frame.timestamp ?? receivedAt;
      this.#hasOwnTimestamp = false;
    }
    this.type = this.#frame.type;
    this.wire = this.#frame.wire;
  }

  /**
   * Reads a frame of either wire (section 3 and 4 of docs/PROTOCOL.md), copying it. Nothing in it is verified: for
   * what comes from outside, call `open`. `now` is the time of receipt, in Unix seconds. Throws DecodeError.
   *
   * ```ts
   * MessageProtocol.fromBytes(bytes).verify(key); // true or false
   * ```
   */
  static fromBytes(
    bytes: Uint8Array | ArrayBuffer,
    {
      maxFrameBytes = MAX_FRAME_BYTES,
      now = unixNow(),
    }: FrameOptions & { readonly now?: number } = {},
  ): MessageProtocol {
    return new MessageProtocol(readFrame(bytes, maxFrameBytes), now);
  }

  /**
   * The door for untrusted input: bounds, scans and verifies a frame, asks whether it is fresh and new, and only then
   * decodes its payload. Times are in seconds. Throws DecodeError, VerifyError, FreshnessError, and KeyError where
   * `key` is none.
   *
   * ```ts
   * const message = MessageProtocol.open(event.data, { key, replay });
   * ```
   */
  static open(bytes: Uint8Array | ArrayBuffer, options: OpenOptions): VerifiedMessage {
    const { key: keys, replay, now = unixNow(), maxFrameBytes = MAX_FRAME_BYTES } = options;
    if (!isKeyOrKeyring(keys)) throw new KeyError("open needs a SigningKey or a Keyring as `key`");
    const frame = readFrame(bytes, maxFrameBytes);
    const found = findKey(frame, keys);
    if (found === undefined || frame.timestamp === undefined) throw new VerifyError();
    const expires = assertFresh(frame.timestamp, now, options);
    // Only a plain true lets a frame in: a store that answers with a promise, or with nothing, must not.
    if (replay !== undefined && replay.add(found.tag, expires, now) !== true) {
      throw new FreshnessError("ERR_REPLAYED", "the frame came before");
    }
    const message = new VerifiedMessage(frame, now, found.key, found.tag);
    void message.payload;
    return message;
  }

  /**
   * What the message says, frozen: on wire 1 with bytes as base64 text. A payload from `fromBytes` is decoded when it
   * is first read, and is anybody's until the message is verified. Throws DecodeError.
   */
  get payload(): WireMap {
    this.#payload ??= this.#frame.decodePayload();
    return this.#payload;
  }

  /** The signature as 64 lower-case hex digits, or `""` for an unsigned message. */
  get signature(): string {
    return this.#frame.signature;
  }

  /** Id of the key that it claims to be signed with; always `""` on wire 1. */
  get keyId(): string {
    return this.#frame.keyId;
  }

  /** The frame's own UUID; undefined on wire 1. */
  get id(): string | undefined {
    return this.#frame.id && encodeUuid(this.#frame.id);
  }

  /**
   * The same message with a signature (HMAC-SHA256) by `key`. A received message keeps its bytes; a new one whose time
   * was left open is moved by a microsecond where the key has signed a wire 1 frame of that time before.
   * Throws KeyError, and ValidationError for a received message without a timestamp.
   */
  sign(key: SigningKey): MessageProtocol {
    if (!SigningKey.isSigningKey(key)) throw new KeyError("sign needs a SigningKey");
    const timestamp =
      this.wire === 1 && this.#hasOwnTimestamp ? key.nextTimestamp(this.timestamp) : undefined;
    const frame = this.#frame.signedBy(SigningKey.macOf(key), { keyId: key.id, timestamp });
    return new MessageProtocol(frame, this.timestamp);
  }

  /** Whether the message bears the signature of `key`, or of one in that ring. False for anything else; never throws. */
  verify(key: SigningKey | Keyring): boolean {
    return isKeyOrKeyring(key) && findKey(this.#frame, key) !== undefined;
  }

  /**
   * The frame, in an array of its own. Throws KeyError for an unsigned message, unless it is on wire 1 and told
   * `{ unsigned: true }`: `sign` returns another message, and it is easily forgotten to take that.
   */
  toBytes({ unsigned = false }: { readonly unsigned?: boolean } = {}): Uint8Array {
    if (!this.#frame.isSigned && this.wire === 2) {
      throw new KeyError("a wire 2 message has no bytes before it is signed: sign(key).toBytes()", {
        code: "ERR_UNSIGNED",
      });
    }
    if (!this.#frame.isSigned && !unsigned) {
      throw new KeyError(
        "the message is unsigned: sign(key).toBytes(), or toBytes({ unsigned: true }) where that is meant",
        { code: "ERR_UNSIGNED" },
      );
    }
    return this.#frame.toBytes();
  }
}

/**
 * A message that `MessageProtocol.open` let in. Nothing else makes one, so that a handler may ask for it by its type.
 *
 * ```ts
 * const onMessage = (message: VerifiedMessage) => registry.parse(message);
 * onMessage(MessageProtocol.open(bytes, { key }));
 * ```
 */
export class VerifiedMessage extends MessageProtocol {
  /** The key that it was verified with. */
  readonly key: SigningKey;
  readonly #identity: Uint8Array;

  /** @internal */
  constructor(frame: Frame, receivedAt: number, key: SigningKey, identity: Uint8Array) {
    super(frame, receivedAt);
    this.key = key;
    this.#identity = identity;
  }

  /** What tells this frame from all others, on both wires: its 32-byte MAC. For replay stores that servers share. */
  get identity(): Uint8Array {
    return this.#identity.slice();
  }
}

function encodeFrame(fields: MessageFields & FrameOptions, timestamp: number): Frame {
  const { type, payload, wire = 1, id, maxFrameBytes = MAX_FRAME_BYTES } = fields;
  const refuse = (field: string, message: string) =>
    new ValidationError("message", [{ path: [field], message }]);
  if (
    typeof type !== "string" ||
    type === "" ||
    !isWellFormed(type) ||
    !fitsInUtf8(type, MAX_TYPE_BYTES)
  ) {
    throw refuse("type", `must be well-formed text of 1 to ${MAX_TYPE_BYTES} UTF-8 bytes`);
  }
  if (!Number.isFinite(timestamp)) throw refuse("timestamp", "must be a finite number of seconds");
  if (wire !== 1 && wire !== 2) throw refuse("wire", "must be 1 or 2");
  if (wire === 1 && id !== undefined) throw refuse("id", "only wire 2 has one");
  let frame: Frame;
  if (wire === 1) {
    frame = encodeWire1({ type, payload, timestamp });
  } else {
    const idBytes = id === undefined ? uuidv7(timestamp) : decodeUuid(id);
    if (idBytes === undefined) throw refuse("id", "must be a UUID in lower case");
    frame = encodeWire2({ type, payload, timestamp, id: idBytes });
  }
  if (!(frame.signedLength <= maxFrameBytes)) {
    throw refuse("payload", `the frame would have more than ${maxFrameBytes} bytes`);
  }
  return frame;
}
