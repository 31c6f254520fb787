import type * as z from "zod/mini";
import { concat, isBytes } from "../bytes.js";
import { MessageProtocol, type VerifiedMessage } from "../envelope/message-protocol.js";
import { ReplayGuard } from "../envelope/replay-guard.js";
import { SigningKey } from "../envelope/signing-key.js";
import { KeyError } from "../errors.js";
import type { MessageDefinition, PayloadSchema } from "../messages/define-message.js";

const SESSION_KEY_BYTES = 32;

/** The keys of a connection's two directions, each named by who signs with it. */
export interface DirectionKeys {
  readonly client: SigningKey;
  readonly server: SigningKey;
}

/**
 * The keys of a session's two directions (section 5 of docs/PROTOCOL.md): `hello`, `welcome` and HTTP bodies are signed
 * with those of the 32-byte session key alone, all later frames with those of the connection's nonces (16 bytes each).
 * Throws KeyError.
 *
 * ```ts
 * const { client } = directionKeys(sessionKey);
 * ```
 */
export function directionKeys(
  sessionKey: Uint8Array,
  nonces?: { readonly hello: Uint8Array; readonly welcome: Uint8Array },
): DirectionKeys {
  // A key of another length is one that was not decoded, or cut: the server would say no more than "not authorised".
  if (!isBytes(sessionKey) || sessionKey.length !== SESSION_KEY_BYTES) {
    throw new KeyError(`a session key has ${SESSION_KEY_BYTES} bytes`);
  }
  const salt = nonces && { salt: concat(nonces.hello, nonces.welcome) };
  return {
    client: SigningKey.derive(sessionKey, "client", salt),
    server: SigningKey.derive(sessionKey, "server", salt),
  };
}

/** One end of an agreed connection: signs what leaves, opens what comes, on one wire. */
export class Channel {
  readonly wire: 1 | 2;
  readonly #own: SigningKey;
  readonly #peers: SigningKey;
  readonly #replay = new ReplayGuard();

  constructor({ wire, own, peers }: { wire: 1 | 2; own: SigningKey; peers: SigningKey }) {
    this.wire = wire;
    this.#own = own;
    this.#peers = peers;
  }

  /** The frame of a value at `now`, Unix time in seconds. Throws ValidationError. */
  encode<Type extends string, Schema extends PayloadSchema>(
    definition: MessageDefinition<Type, Schema>,
    value: z.input<Schema>,
    now: number,
  ): Uint8Array {
    const timestamp = this.#own.nextTimestamp(now);
    const message = definition.toProtocol(value, this.#own, { wire: this.wire, timestamp });
    return message.toBytes();
  }

  /**
   * Opens a frame of the peer's at `now`, Unix time in seconds. Throws what `MessageProtocol.open` throws. Whether it is on
   * the channel's wire is for the caller to ask.
   */
  open(data: unknown, now: number): VerifiedMessage {
    return MessageProtocol.open(data as Uint8Array, {
      key: this.#peers,
      replay: this.#replay,
      now,
    });
  }
}
