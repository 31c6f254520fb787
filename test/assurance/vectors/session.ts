import { Hello, SigningKey, Welcome } from "../../../src/index.js";
import { directionKeys } from "../../../src/server/index.js";
import type { InvalidHandshake, ValidHandshake, Vectors } from "../../../src/testing/vectors.js";
import { counting, toHex } from "../../support/hex.js";
import { tagOf } from "./keys.js";
import { errors, rejection } from "./notation.js";

const SESSION_KEY = counting(32);
const { client, server } = directionKeys(SESSION_KEY);
const HELLO_NONCE = counting(16);
const WELCOME_NONCE = counting(32).slice(16);
const NOW = 1_700_000_000;

type Made = {
  key?: SigningKey;
  wire?: 1 | 2;
  timestamp?: number;
  nonce?: Uint8Array;
  wires?: number[];
};

function hello({
  key = client,
  timestamp = NOW,
  nonce = HELLO_NONCE,
  wires = [2, 1],
}: Made = {}): string {
  const value = { nonce, wires, capabilities: ["delivered"] };
  return toHex(Hello.toProtocol(value, key, { timestamp }).toBytes());
}

function welcome({
  key = server,
  timestamp = NOW,
  ...other
}: Omit<Made, "wire"> & Partial<Welcome> = {}): string {
  const value = {
    ...{ nonce: WELCOME_NONCE, hello_nonce: HELLO_NONCE, wire: 2, capabilities: ["delivered"] },
    ...{ limits: {}, heartbeat: 30, ...other },
  };
  return toHex(Welcome.toProtocol(value, key, { timestamp }).toBytes());
}

function valid(
  name: string,
  helloFrame: string,
  welcomeFrame: string,
  wire: 1 | 2,
): ValidHandshake {
  const keys = directionKeys(SESSION_KEY, { hello: HELLO_NONCE, welcome: WELCOME_NONCE });
  const tags = { client: tagOf(keys.client), server: tagOf(keys.server) };
  return {
    name,
    requirement: "S-3",
    session_key: toHex(SESSION_KEY),
    hello: helloFrame,
    welcome: welcomeFrame,
    wire,
    tags,
  };
}

function invalid(
  side: "server" | "client",
  requirement: string,
  name: string,
  frame: string,
  error: InvalidHandshake["error"],
): InvalidHandshake {
  const frames =
    side === "server" ? { hello: frame, welcome: null } : { hello: hello(), welcome: frame };
  return {
    ...rejection(requirement, name, error),
    side,
    session_key: toHex(SESSION_KEY),
    ...frames,
  };
}

const { verify, validation } = errors;
const otherKey = SigningKey.from("another");

export const session: Vectors<ValidHandshake, InvalidHandshake> = {
  valid: [
    valid("both wires offered, the second agreed on", hello(), welcome(), 2),
    valid("the first wire agreed on", hello({ wires: [1] }), welcome({ wire: 1 }), 1),
    valid("wires that nobody knows, among others", hello({ wires: [77, 2] }), welcome(), 2),
    valid(
      "clocks that differ by years",
      hello({ timestamp: 1 }),
      welcome({ timestamp: 4_000_000_000 }),
      2,
    ),
  ],
  invalid: [
    invalid(
      "server",
      "S-1",
      "a hello under the key of the server's direction",
      hello({ key: server }),
      verify,
    ),
    invalid(
      "server",
      "S-1",
      "a hello under the session's key itself",
      hello({ key: SigningKey.from(SESSION_KEY) }),
      verify,
    ),
    invalid("server", "S-1", "a hello under another key", hello({ key: otherKey }), verify),
    invalid("server", "S-1", "a welcome in place of a hello", welcome({ key: client }), validation),
    invalid(
      "client",
      "S-1",
      "a welcome under the key of the client's direction",
      welcome({ key: client }),
      verify,
    ),
    invalid("client", "S-1", "a welcome under another key", welcome({ key: otherKey }), verify),
    invalid(
      "client",
      "S-2",
      "a welcome to another hello",
      welcome({ hello_nonce: WELCOME_NONCE }),
      validation,
    ),
    invalid("client", "S-2", "a wire that was not offered", welcome({ wire: 3 }), validation),
    invalid("client", "S-2", "a time before 1970", welcome({ timestamp: -1 }), validation),
    invalid(
      "client",
      "S-2",
      "a time from 50,000,000,000 on",
      welcome({ timestamp: 50_000_000_000 }),
      validation,
    ),
    invalid("client", "S-2", "a hello that comes back", hello({ key: server }), validation),
  ],
};
