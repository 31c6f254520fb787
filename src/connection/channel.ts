import { assertDefinition, invalidArgument, objectArgument } from "../arguments.js";
import { type Bytes, concat } from "../bytes.js";
import { nextTime } from "../clock.js";
import { MessageProtocol, signed, type VerifiedMessage } from "../envelope/message-protocol.js";
import type { ReplayGuard } from "../envelope/replay-guard.js";
import { exactBytes, isSigningKey, SigningKey } from "../envelope/signing-key.js";
import { KeyError, ValidationError } from "../errors.js";
import type { MessageDefinition, PayloadSchema, ValueToSend } from "../messages/define-message.js";
import { SteadyClock } from "./steady-clock.js";

/** Size of a session key, in bytes. */
const SESSION_KEY_BYTES = 32;
/** Size of the nonces in a `hello` and a `welcome`, in bytes. */
export const NONCE_BYTES = 16;

/** The keys of a connection's two directions, each named after the end that signs with it. */
export interface DirectionKeys {
  readonly client: SigningKey;
  readonly server: SigningKey;
}

/**
 * Derives the keys of a session's two directions from its 32-byte key (section 5 of docs/PROTOCOL.md). Without `nonces`: the
 * keys of `hello` and `welcome`. With the nonces of both (16 bytes each): the keys of all later frames. HTTP bodies have other
 * keys: `httpKeys`.
 *
 * ```ts
 * const { client } = directionKeys(sessionKey);
 * ```
 *
 * @throws {KeyError} if the session key is not 32 bytes or is all zero, or a nonce is not 16 bytes.
 */
export function directionKeys(
  sessionKey: Uint8Array,
  nonces?: { readonly hello: Uint8Array; readonly welcome: Uint8Array },
): DirectionKeys {
  const secret = sessionKeyBytes(sessionKey);
  if (nonces !== undefined) objectArgument(nonces, "nonces");
  const salt = nonces && { salt: concat(nonceBytes(nonces.hello), nonceBytes(nonces.welcome)) };
  return {
    client: SigningKey.derive(secret, "client", salt),
    server: SigningKey.derive(secret, "server", salt),
  };
}

function nonceBytes(nonce: Uint8Array): Uint8Array {
  return exactBytes(nonce, NONCE_BYTES, "a nonce");
}

/**
 * Copies a session key. Checks its length, because a key that is not decoded or is truncated only leads to the close code "not
 * authorised".
 *
 * @throws {KeyError} if the key is not 32 bytes.
 */
export function sessionKeyBytes(sessionKey: Uint8Array): Uint8Array {
  return exactBytes(sessionKey, SESSION_KEY_BYTES, "a session key");
}

/**
 * One end of a connection after the handshake: signs outgoing frames and opens incoming ones, on one wire (section 11 of
 * docs/PROTOCOL.md). Send frames in the order of the calls of `encode`, and open them in the order in which they arrive.
 *
 * ```ts
 * const channel = new Channel({ wire: 2, own: keys.server, peers: keys.client });
 * ```
 */
export class Channel {
  readonly wire: 1 | 2;
  readonly #own: SigningKey;
  readonly #peers: SigningKey;
  readonly #clock = new SteadyClock();
  #sentAt = 0;
  #sent = 0;
  #received = 0;
  readonly #replay: Pick<ReplayGuard, "add">;

  /**
   * @throws {KeyError} if a key is not a SigningKey.
   * @throws {ValidationError} if `wire` is neither 1 nor 2.
   */
  constructor(options: { wire: 1 | 2; own: SigningKey; peers: SigningKey }) {
    const { wire, own, peers } = objectArgument(options, "options");
    if (wire !== 1 && wire !== 2) throw invalidArgument("options.wire", "must be 1 or 2");
    if (!isSigningKey(own) || !isSigningKey(peers))
      throw new KeyError("a channel needs SigningKeys");
    this.wire = wire;
    this.#own = own;
    this.#peers = peers;
    let newest = Number.NEGATIVE_INFINITY;
    this.#replay = {
      // Each timestamp of a peer is later than its previous one, and a frame expires at a fixed time after its
      // timestamp. So a frame that does not expire later than all before it is a replay.
      add: (_, expires) => {
        if (!(expires > newest)) return false;
        newest = expires;
        this.#received += 1;
        return true;
      },
    };
  }

  /** Number of frames that `encode` returned. */
  get sent(): number {
    return this.#sent;
  }

  /** Number of frames that `open` returned. */
  get received(): number {
    return this.#received;
  }

  /**
   * Encodes and signs the frame of a value; `now` is Unix time in seconds.
   *
   * @throws {ValidationError} if the value does not match its schema, if reading it (a getter, a transform) calls `encode`
   *   again, or if `now` is not a Unix time in seconds.
   */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: ValueToSend<Schema>,
    now: number,
  ): Bytes {
    const time = this.#clock.read(now);
    assertDefinition(definition);
    const sent = this.#sent;
    const timestamp = sent === 0 ? time : Math.max(time, nextTime(this.#sentAt));
    // Sign here instead of passing the key: the definition is the caller's object and must not receive the key.
    const message = definition.toProtocol(value, undefined, { wire: this.wire, timestamp });
    const bytes = signed(message, this.#own).toBytes();
    // A nested call of `encode` used the same timestamp.
    if (this.#sent !== sent) {
      const issue = { path: [], message: "a getter or transform of the value called encode" };
      throw new ValidationError(definition.type, [issue]);
    }
    this.#sentAt = timestamp;
    this.#sent += 1;
    return bytes;
  }

  /**
   * Opens a frame of the peer; `now` is Unix time in seconds. The caller checks that the frame is on the channel's wire.
   *
   * @throws {FreshnessError} with the code `ERR_REPLAYED` if the frame's timestamp is not later than that of each earlier
   *   frame.
   * @throws {ValidationError} if `now` is not a Unix time in seconds.
   * @throws {LacreError} all other errors of `MessageProtocol.open`.
   */
  open(data: unknown, now: number): VerifiedMessage {
    return MessageProtocol.open(data as Uint8Array, {
      key: this.#peers,
      replay: this.#replay,
      now: this.#clock.read(now),
    });
  }
}
