import { equalConstantTime } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { MessageProtocol, type VerifiedMessage } from "../envelope/message-protocol.js";
import type { SigningKey } from "../envelope/signing-key.js";
import { ValidationError, VerifyError } from "../errors.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { Hello, Welcome } from "../messages/connection.js";
import { Channel, directionKeys } from "./channel.js";
import { Open } from "./open.js";

const NONCE_BYTES = 16;

/** A server's time from which no connection lives to see the last time that a payload holds, in seconds. */
const LATEST_SERVER_TIME = MAX_UNIX_TIME / 2;

/**
 * The greeting proves by its nonces that it is fresh, so that a client whose clock is wrong can connect and learn the
 * server's time.
 */
const AT_ANY_TIME = { maxAge: Number.POSITIVE_INFINITY, clockTolerance: Number.POSITIVE_INFINITY };

/** A client's half of a greeting that is under way. */
export interface Greeting {
  /** The signed `hello`. */
  readonly frame: Uint8Array;
  /**
   * The connection that the server's answer agrees on at `now`, Unix time in seconds. Throws DecodeError, VerifyError,
   * ValidationError; the last also for a welcome to another hello, of a wire that was not offered, or of no time.
   */
  readonly agree: (data: unknown, now: number) => Open;
}

/** Begins a greeting: a `hello` on wire 1, under the session's own keys. */
export function greet(
  sessionKey: Uint8Array,
  offer: Readonly<Pick<Hello, "device_id">> & {
    readonly wires: readonly (1 | 2)[];
    readonly capabilities: readonly string[];
  },
  now: number,
): Greeting {
  const nonce = randomBytes(NONCE_BYTES);
  const { client, server } = directionKeys(sessionKey);
  const frame = Hello.toProtocol({ nonce, ...offer } as Hello, client, {
    timestamp: now,
  }).toBytes();

  function agree(data: unknown, now: number): Open {
    const message = openGreeting(data, server);
    const welcome = Welcome.fromProtocol(message);
    const wire = offer.wires.find((one) => one === welcome.wire);
    if (!equalConstantTime(welcome.hello_nonce, nonce)) throw refused("hello_nonce");
    if (wire === undefined) throw refused("wire");
    const serverTime = message.timestamp;
    if (!(serverTime >= 0 && serverTime < LATEST_SERVER_TIME)) throw refused("timestamp");
    const keys = directionKeys(sessionKey, { hello: nonce, welcome: welcome.nonce });
    const channel = new Channel({ wire, own: keys.client, peers: keys.server });
    return new Open(channel, welcome, serverTime - now, now);
  }

  return { frame, agree };
}

/** What a server offers its clients. */
export type WelcomeOffer = Pick<Welcome, "capabilities" | "limits" | "heartbeat"> & {
  /** The wires that the server speaks, the best first. By default 2, 1. */
  readonly wires?: readonly (1 | 2)[];
};

/** A server's half of a connection that is agreed on. */
export interface Acceptance {
  readonly hello: Hello;
  readonly channel: Channel;
  /** The signed `welcome`, to be sent before anything else. */
  readonly frame: Uint8Array;
}

/**
 * A server's answer to the first frame of a connection; `now` is Unix time in seconds. Throws DecodeError, VerifyError,
 * ValidationError (all: close with 1008), and undefined where no wire is common (close with 4002).
 *
 * ```ts
 * const accepted = acceptHello(frame, sessionKey, { capabilities: [], limits: {}, heartbeat: 30 }, now);
 * ```
 */
export function acceptHello(
  data: unknown,
  sessionKey: Uint8Array,
  { wires = [2, 1], ...offer }: WelcomeOffer,
  now: number,
): Acceptance | undefined {
  const { client, server } = directionKeys(sessionKey);
  const hello = Hello.fromProtocol(openGreeting(data, client));
  const wire = wires.find((one) => hello.wires.includes(one));
  if (wire === undefined) return undefined;
  const nonce = randomBytes(NONCE_BYTES);
  const value = { nonce, hello_nonce: hello.nonce, wire, ...offer };
  const frame = Welcome.toProtocol(value, server, { timestamp: now }).toBytes();
  const keys = directionKeys(sessionKey, { hello: hello.nonce, welcome: nonce });
  return { hello, channel: new Channel({ wire, own: keys.server, peers: keys.client }), frame };
}

function openGreeting(data: unknown, key: SigningKey): VerifiedMessage {
  const message = MessageProtocol.open(data as Uint8Array, { key, ...AT_ANY_TIME });
  if (message.wire !== 1) throw new VerifyError();
  return message;
}

function refused(field: string): ValidationError {
  return new ValidationError("welcome", [{ path: [field], message: "does not answer this hello" }]);
}
