import { equalConstantTime } from "../bytes.js";
import { randomBytes } from "../crypto/random.js";
import { MessageProtocol } from "../envelope/message-protocol.js";
import { ValidationError, VerifyError } from "../errors.js";
import { MAX_UNIX_TIME } from "../limits.js";
import { Hello, Welcome } from "../messages/connection.js";
import { Channel, directionKeys } from "./channel.js";

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
  readonly nonce: Uint8Array;
  readonly wires: readonly number[];
  /** The signed `hello`. */
  readonly frame: Uint8Array;
}

/** What both ends know once they have greeted each other. */
export interface Agreement {
  readonly channel: Channel;
  readonly welcome: Welcome;
  /** The server's time when it welcomed, Unix time in seconds. */
  readonly serverTime: number;
}

/** Begins a greeting: a `hello` on wire 1, under the session's own keys. */
export function greet(
  sessionKey: Uint8Array,
  offer: Pick<Hello, "wires" | "capabilities" | "device_id">,
  now: number,
): Greeting {
  const nonce = randomBytes(NONCE_BYTES);
  const { client } = directionKeys(sessionKey);
  const frame = Hello.toProtocol({ nonce, ...offer }, client, { timestamp: now }).toBytes();
  return { nonce, wires: offer.wires, frame };
}

/**
 * Reads a server's answer to a greeting. Throws DecodeError, VerifyError, ValidationError; the last also for a
 * welcome to another hello, or of a wire that was not offered.
 */
export function readWelcome(sessionKey: Uint8Array, greeting: Greeting, data: unknown): Agreement {
  const { server } = directionKeys(sessionKey);
  const message = MessageProtocol.open(data as Uint8Array, { key: server, ...AT_ANY_TIME });
  if (message.wire !== 1) throw new VerifyError();
  const welcome = Welcome.fromProtocol(message);
  const refuse = (field: string, message: string) =>
    new ValidationError("welcome", [{ path: [field], message }]);
  const { wire } = welcome;
  if (!equalConstantTime(welcome.hello_nonce, greeting.nonce))
    throw refuse("hello_nonce", "is of another hello");
  if (!isWire(wire) || !greeting.wires.includes(wire)) throw refuse("wire", "was not offered");
  if (!(message.timestamp >= 0 && message.timestamp < LATEST_SERVER_TIME))
    throw refuse("timestamp", "is no time");
  const keys = directionKeys(sessionKey, { hello: greeting.nonce, welcome: welcome.nonce });
  const channel = new Channel({ wire, own: keys.client, peers: keys.server });
  return { channel, welcome, serverTime: message.timestamp };
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
  const message = MessageProtocol.open(data as Uint8Array, { key: client, ...AT_ANY_TIME });
  if (message.wire !== 1) throw new VerifyError();
  const hello = Hello.fromProtocol(message);
  const wire = wires.find((one) => hello.wires.includes(one));
  if (wire === undefined) return undefined;
  const nonce = randomBytes(NONCE_BYTES);
  const value = { nonce, hello_nonce: hello.nonce, wire, ...offer };
  const frame = Welcome.toProtocol(value, server, { timestamp: now }).toBytes();
  const keys = directionKeys(sessionKey, { hello: hello.nonce, welcome: nonce });
  return { hello, channel: new Channel({ wire, own: keys.server, peers: keys.client }), frame };
}

function isWire(wire: number): wire is 1 | 2 {
  return wire === 1 || wire === 2;
}
