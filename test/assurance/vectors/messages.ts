import { MessageProtocol, type SigningKey } from "../../../src/index.js";
import type { InvalidMessage, ValidMessage, Vectors } from "../../../src/testing/vectors.js";
import { cases, samples } from "../../interop/samples.js";
import { counting } from "../../support/hex.js";
import { errors, ID, KEYS, NOW, notated, rejection, SECRETS, valued } from "./notation.js";
import { tolerated } from "./tolerated.js";

function valid(wire: 1 | 2): ValidMessage[] {
  return cases.map(([type, form, definition, fields]) => {
    const value = definition.parse(fields);
    const key = KEYS[wire];
    const made = definition.toProtocol(value, key, { wire, timestamp: NOW });
    const frame = wire === 1 ? made.toBytes() : underFixedId(made, key);
    return {
      ...{ name: `${type}, ${form}, on wire ${wire}`, requirement: wire === 1 ? "W1-3" : "W2-4" },
      ...{ type, wire, frame: notated(frame), secret: SECRETS[wire], key_id: key.id, now: NOW },
      ...{ timestamp: NOW, id: wire === 1 ? null : ID, value: valued(value) },
    };
  });
}

/** Signs a message on wire 2 with a fixed id, so that each run writes the same bytes. */
function underFixedId(message: MessageProtocol, key: SigningKey): Uint8Array {
  const { type, payload } = message;
  const again = new MessageProtocol({ type, payload, timestamp: NOW, wire: 2, id: ID });
  return again.sign(key).toBytes();
}

type Fields = Record<string, unknown>;
type Misfit = readonly [path: string, fields: Fields, reason: string];

const base = Object.fromEntries(samples.map(([{ type }, { bare }]) => [type, bare as Fields]));
const past53 = 2 ** 53 - 1 + 0.5;
const one =
  (name: string) =>
  (value: unknown, reason: string): Misfit => [name, { [name]: value }, reason];
const missing = (name: string): Misfit => [name, { [name]: undefined }, `${name} is missing`];

/** Invalid values for a field that contains an id. */
function ids(...names: string[]): Misfit[] {
  return names.flatMap((name) => [
    one(name)(0, "ids begin with 1"),
    one(name)(-1, "ids begin with 1"),
    one(name)(1.5, "ids are integers"),
    one(name)("1", "an id is no text"),
  ]);
}

function counts(...names: string[]): Misfit[] {
  return names.flatMap((name) => [
    one(name)(-1, "counts begin with 0"),
    one(name)(0.5, "counts are integers"),
    one(name)("0", "a count is no text"),
  ]);
}

function times(...names: string[]): Misfit[] {
  return names.flatMap((name) => [
    one(name)(-1, "times begin with 0"),
    one(name)(100_000_000_001, "times end with 100,000,000,000"),
    one(name)("now", "a time is no text"),
  ]);
}

function texts(name: string, shortest: number, longest: number): Misfit[] {
  const tooShort =
    shortest > 0
      ? [one(name)("x".repeat(shortest - 1), `${name} has ${shortest} characters or more`)]
      : [];
  return [
    ...tooShort,
    one(name)("x".repeat(longest + 1), `${name} has ${longest} characters at most`),
    one(name)(5, `${name} is text`),
  ];
}

function ofLength(name: string, length: number): Misfit[] {
  return [
    one(name)(counting(length - 1), `${name} has ${length} bytes`),
    one(name)(counting(length + 1), `${name} has ${length} bytes`),
    one(name)(5, `${name} is bytes`),
  ];
}

const clientIds: Misfit[] = [
  one("client_id")("018BCFE5-687B-7ABC-8DEF-0123456789AB", "a client id is in lower case"),
  one("client_id")("00000000-0000-0000-0000-000000000000", "the nil UUID is no client id"),
  one("client_id")("018bcfe5687b7abc8def0123456789ab", "a client id has its hyphens"),
  one("client_id")("soon", "a client id is a UUID"),
];

const summary = (base.chat_list!.chats as Fields[])[0]!;
const inSummary = (fields: Fields, reason: string): Misfit => [
  `chats.0.${Object.keys(fields)[0]}`,
  { chats: [{ ...summary, ...fields }] },
  reason,
];

const member = { user_id: 1, username: "zoë", role: "admin" };
const inMember = (fields: Fields, reason: string): Misfit => [
  `chats.0.members.0.${Object.keys(fields)[0]}`,
  { chats: [{ ...summary, members: [{ ...member, ...fields }] }] },
  reason,
];

const misfits: Readonly<Record<string, readonly Misfit[]>> = {
  auth: [
    missing("username"),
    missing("password"),
    ...texts("username", 3, 50),
    one("username")("_-_", "a username has a letter or digit"),
    one("username")("ana maría", "a username has no spaces"),
    one("username")("ana!", "a username has letters, digits, _ and - alone"),
    one("username")("\u0308zoe", "a combining mark stands on a letter"),
    one("username")("zoe_\u0308", "a combining mark stands on a letter"),
    one("username")(`zoe${"\u0331".repeat(7)}`, "a letter has six combining marks at most"),
    one("username")("zoe·", "a middle dot follows an l"),
    one("username")("e\u0301e\u0301", "a username has 3 characters or more once it is composed"),
    ...texts("password", 6, 1024),
    ...texts("device_id", 1, 100),
  ],
  auth_response: [
    missing("success"),
    one("success")(1, "success is a boolean"),
    ...texts("access_token", 1, 8192),
    ...ids("user_id"),
    ...texts("username", 1, 50),
    ...counts("expires_in"),
    ...texts("error", 0, 1000),
    ...ofLength("session_key", 32),
  ],
  message: [
    ...["chat_id", "sender_id", "content", "nonce"].map(missing),
    ...ids("chat_id", "sender_id", "message_id", "seq"),
    one("chat_id")(past53, "ids are integers up to 2^53 − 1"),
    ...ofLength("nonce", 12),
    one("content")(new Uint8Array(720_001), "a content has 720,000 bytes at most"),
    one("content")(null, "a content is bytes"),
    ...times("timestamp"),
    ...clientIds,
    one("follows")("soon", "a client id is a UUID"),
    ...counts("epoch", "counter"),
    ...texts("device", 1, 100),
    one("content_type")("application", "the type of application data is absent"),
    one("content_type")("COMMIT", "content types are in lower case"),
    one("content_type")(3, "a content type is text"),
  ],
  status: [
    missing("event_type"),
    one("event_type")("reading", "nobody knows such an event"),
    one("event_type")("READ", "events are in lower case"),
    missing("user_id"),
    ...ids("user_id", "chat_id"),
    ...times("timestamp"),
    ...counts("seq"),
  ],
  error: [
    missing("error_code"),
    missing("error_message"),
    ...texts("error_code", 1, 64),
    ...texts("error_message", 0, 1000),
    one("details")("because", "details are a map"),
    one("details")([1], "details are a map"),
    ...times("timestamp"),
  ],
  chat_list: [
    ...["chats", "total", "page"].map(missing),
    one("chats")({}, "chats are an array"),
    ...counts("total"),
    ...ids("page"),
    inSummary({ chat_id: 0 }, "ids begin with 1"),
    inSummary({ peer_id: 0 }, "ids begin with 1"),
    inSummary({ peer_name: "" }, "a name has a character or more"),
    inSummary({ encryption_type: "" }, "an encryption type has a character or more"),
    inSummary({ auto_delete_hours: 0 }, "hours are a positive integer"),
    inSummary({ salt: counting(15) }, "a salt has 16 bytes or more"),
    inSummary({ salt: counting(65) }, "a salt has 64 bytes at most"),
    inSummary({ iterations: 99_999 }, "iterations are 100,000 or more"),
    inSummary({ iterations: 2_000_001 }, "iterations are 2,000,000 at most"),
    inSummary({ key_check: counting(15) }, "a check has 16 bytes"),
    inSummary({ last_seq: -1 }, "counts begin with 0"),
    inSummary({ unread: undefined }, "unread is missing"),
    inSummary({ suite: 0 }, "suites begin with 1"),
    inSummary({ suite: 65_536 }, "a suite has 16 bits"),
    inSummary({ epoch: -1 }, "counts begin with 0"),
    inMember({ user_id: 0 }, "ids begin with 1"),
    inMember({ username: "" }, "a name has a character or more"),
    inMember({ role: "owner" }, "no such role"),
    inSummary({ members: new Array(65).fill(member) }, "a chat has 64 members at most"),
  ],
  message_list: [
    missing("messages"),
    missing("has_more"),
    one("has_more")(0, "has_more is a boolean"),
    [
      "messages.0.nonce",
      { messages: [{ ...base.message, nonce: counting(11) }] },
      "a nonce has 12 bytes",
    ],
    ["messages.0", { messages: [null] }, "messages are maps"],
    ...counts("total", "after", "through"),
    ...ids("chat_id"),
    ...[undefined, undefined, null, null].map(
      (timestamp): Misfit => [
        "messages.0.timestamp",
        { messages: [{ ...base.message, timestamp }] },
        "a message inside a list has its own timestamp",
      ],
    ),
  ],
  hello: [
    ...["nonce", "wires", "capabilities"].map(missing),
    ...ofLength("nonce", 16),
    one("wires")([], "there is one wire or more"),
    ["wires.0", { wires: [0] }, "a wire is an id"],
    ["capabilities.0", { capabilities: [""] }, "a capability has a character or more"],
    [
      "capabilities.0",
      { capabilities: ["c".repeat(65)] },
      "a capability has 64 characters at most",
    ],
    ...texts("device_id", 1, 100),
  ],
  welcome: [
    ...["nonce", "hello_nonce", "wire", "capabilities", "limits", "heartbeat"].map(missing),
    ...ofLength("nonce", 16),
    ...ofLength("hello_nonce", 16),
    ...ids("wire"),
    ["limits.a", { limits: { a: "many" } }, "limits are numbers"],
    one("heartbeat")(0, "a heartbeat takes some time"),
    one("reconnect_within")(0, "to reconnect takes some time"),
    [
      "limits.a",
      { limits: { a: null } },
      "nil is a value in a map of numbers, not an absent field",
    ],
    [
      "limits.a",
      { limits: { a: null } },
      "nil is a value in a map of numbers, not an absent field",
    ],
  ],
  ack: [
    ...["client_id", "chat_id", "message_id", "seq", "stored_at"].map(missing),
    ...clientIds,
    ...ids("chat_id", "message_id", "seq"),
    ...times("stored_at"),
  ],
  resume: [
    ...["chat_id", "after", "limit"].map(missing),
    ...ids("chat_id", "limit"),
    ...counts("after"),
  ],
  heartbeat: [missing("sent_at"), ...times("sent_at"), ...counts("sent", "received")],
  devices: [...["user_id", "last_seq"].map(missing), ...ids("user_id", "last_seq")],
};

/** Texts that are not canonical base64, for the nonce of a message (C-2). */
const base64: readonly (readonly [string, string])[] = [
  ["AAAAAAAAAAAAAA-_", "another alphabet"],
  ["AAAAAAAAAAAAAAA", "no multiple of four"],
  ["AAAAAAAAAAAAAAB=", "12 bytes have no padding"],
  ["AAAAAAAA AAAAAAA", "white space"],
  ["AAAAAAAAAAAAAAAA\n", "a line break"],
];

/** Invalid payloads on alternating wires, as validation does not depend on the wire. */
function invalid(): InvalidMessage[] {
  return Object.entries(misfits).flatMap(([type, all]) =>
    all.map(([path, fields, reason], at) => {
      const wire = at % 2 === 0 ? 1 : 2;
      const payload = { ...base[type], ...fields };
      const name = `${type}, ${path} (${at + 1}), on wire ${wire}`;
      return rejected(wire, type, name, path, payload, reason);
    }),
  );
}

function rejected(
  wire: 1 | 2,
  type: string,
  name: string,
  path: string,
  payload: Fields,
  reason: string,
): InvalidMessage {
  const key = KEYS[wire];
  const message = new MessageProtocol({ type, payload, timestamp: NOW, wire });
  const frame = wire === 1 ? message.sign(key).toBytes() : underFixedId(message, key);
  return {
    ...rejection("7", name, errors.validation, reason),
    ...{ type, path: path.split(".").map((step) => (/^\d+$/.test(step) ? Number(step) : step)) },
    ...{ frame: notated(frame), secret: SECRETS[wire], key_id: key.id, now: NOW },
  };
}

export const messages: Vectors<ValidMessage, InvalidMessage> & {
  readonly tolerated: readonly ValidMessage[];
} = {
  valid: [...valid(1), ...valid(2)],
  tolerated: [...tolerated(1), ...tolerated(2)],
  invalid: [
    ...invalid(),
    ...([1, 2] as const).flatMap((wire) =>
      base64.map(([nonce, reason]) => ({
        ...rejected(
          wire,
          "message",
          `message, nonce in base64 with ${reason}${wire === 1 ? "" : ", on wire 2"}`,
          "nonce",
          { ...base.message, nonce },
          `base64 with ${reason} is not canonical`,
        ),
        requirement: "C-2",
      })),
    ),
  ],
};
