import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { preparePassphrase } from "../../src/e2e/index.js";
import * as lacre from "../../src/index.js";
import { Device, readLog, readRecoveryKey, safetyNumber } from "../../src/mls/index.js";
import * as server from "../../src/server/index.js";
import { Session } from "../../src/session/index.js";
import { NOW, SECRET, unchanged } from "../memory/case.js";
import * as ofE2e from "../memory/e2e.js";
import * as ofLacre from "../memory/lacre.js";
import * as ofMls from "../memory/mls.js";
import * as ofSessionAndServer from "../memory/session-and-server.js";
import { everyMessage } from "../support/examples.js";
import { begun, testKey } from "../support/log-entries.js";

const { LacreError, MessageProtocol, ValidationError } = lacre;
const key = lacre.SigningKey.generate();
const message = everyMessage.message!.value as lacre.ChatMessage;

const device = await Device.generate({ user_id: 7 });
const log = readLog(begun(testKey(1), testKey(2)), { user_id: 7 });

function accepted(): server.ServerConnection {
  return server.acceptConnection({
    session: { session_key: SECRET, user_id: 7 },
    store: server.memoryStore({ members: () => [7] }),
    send: () => {},
    close: () => {},
  });
}

/** A call of a public function with valid arguments. */
interface Call {
  readonly name: string;
  args(): readonly unknown[];
  call(...args: never[]): unknown;
  /** Whether the function reports invalid arguments in its result and does not throw. */
  readonly isReported?: true | undefined;
}

/** Functions that the tests of memory leave out, because they take no bytes. */
const others: Call[] = [
  { name: "prepareUsername", args: () => ["ana"], call: lacre.prepareUsername },
  { name: "usernameKey", args: () => ["ana"], call: lacre.usernameKey },
  { name: "isSameUsername", args: () => ["ana", "Ana"], call: lacre.isSameUsername },
  { name: "preparePassword", args: () => ["a"], call: lacre.preparePassword },
  { name: "preparePassphrase", args: () => ["a"], call: preparePassphrase },
  { name: "bytes", args: () => [{ min: 1, max: 2 }], call: lacre.bytes },
  {
    name: "answerHeartbeat",
    args: () => [{ sent_at: NOW }, { sent: 1, received: 2 }],
    call: server.answerHeartbeat,
  },
  {
    name: "answerResume",
    args: () => [
      { chat_id: 42, after: 0, limit: 9 },
      { last_seq: 3, messages: [message] },
    ],
    call: server.answerResume,
  },
  {
    name: "messagesThatFit",
    args: () => [[message], { maxFrameBytes: 9, keep: "last" }],
    call: server.messagesThatFit,
  },
  {
    name: "acceptConnection",
    args: () => [
      {
        session: { session_key: SECRET, user_id: 7 },
        store: server.memoryStore({ members: () => [7] }),
        ...{
          send: () => {},
          close: () => {},
          buffered: () => 0,
          pause: () => {},
          resume: () => {},
        },
        ...{ schedule: async () => {}, admit: () => {}, onConfirmed: () => {}, now: () => NOW },
        ...{ onStored: () => {}, onStatus: () => {}, onRejected: () => {}, handshakeTimeout: 9 },
        offer: { capabilities: [], limits: {}, heartbeat: 30 },
      },
    ],
    call: server.acceptConnection,
  },
  { name: "tick", args: () => [1], call: accepted().tick.bind(accepted()) },
  { name: "close", args: () => [1000], call: accepted().close.bind(accepted()) },
  { name: "deliver", args: () => [message], call: (one: never) => accepted().deliver(one) },
  {
    name: "deliverStatus",
    args: () => [everyMessage.status!.value],
    call: (one: never) => accepted().deliverStatus(one),
  },
  { name: "Device.begin", args: () => [{ user_id: 7, now: NOW }], call: Device.begin },
  { name: "Device.generate", args: () => [{ user_id: 7 }], call: Device.generate },
  { name: "accept", args: () => [log, NOW], call: device.accept.bind(device) },
  { name: "safetyNumber", args: () => [log, log], call: safetyNumber },
  {
    name: "readRecoveryKey",
    args: () => ["1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1857-G39Y"],
    call: readRecoveryKey,
  },
  {
    name: "statusErrorCode",
    args: () => [everyMessage.status!.value, { user_id: 7, last_seq: 3 }],
    call: server.statusErrorCode,
  },
];

const ofMemory = [...ofLacre.cases, ...ofSessionAndServer.cases, ...ofE2e.cases, ...ofMls.cases]
  // The library creates its errors, and a stored key is derived for each valid variant.
  .filter(({ names: [name] }) => name !== "ValidationError" && name !== "deriveChatKey")
  .map(({ names, args, call, isReported }): Call => {
    return { name: names.join(), args: () => args(unchanged), call, isReported };
  });

const wrong = [
  ...[undefined, null, true, -1, Number.NaN, 1e15, "", "text", Symbol("s"), 1n],
  ...[[], {}, [null], () => {}, new Date()],
];

/** Yields arguments of which one, or one field of one, has another type or value. */
function* variantsOf(args: readonly unknown[]): Generator<[name: string, args: unknown[]]> {
  const replaced = (at: number, value: unknown) => [
    ...args.slice(0, at),
    value,
    ...args.slice(at + 1),
  ];
  for (const [at, arg] of args.entries()) {
    yield [`without ${at}`, args.slice(0, at)];
    for (const value of wrong) {
      yield [`${at}: ${String(value)}`, replaced(at, value)];
      if (typeof arg !== "object" || arg === null) continue;
      if (Object.getPrototypeOf(arg) !== Object.prototype) continue;
      for (const field of Object.keys(arg))
        yield [`${at}.${field}: ${String(value)}`, replaced(at, { ...arg, [field]: value })];
    }
  }
}

describe("invalid arguments", () => {
  it.each([...others, ...ofMemory].map((one) => [one.name, one] as const))(
    "of %s cause a LacreError, and no other error",
    async (_, { args, call, isReported }) => {
      const found: string[] = [];
      let rejected = 0;
      for (const [name, variant] of variantsOf(args())) {
        try {
          await call(...(variant as never[]));
        } catch (error) {
          if (error instanceof LacreError) rejected += 1;
          else found.push(`${name}: ${error}`);
        }
      }
      expect(found).toEqual([]);
      if (args().length > 0 && !isReported) expect(rejected).toBeGreaterThan(0);
    },
  );
});

describe("the error about an argument", () => {
  const milliseconds = NOW * 1000;
  const frame = new MessageProtocol({ type: "t", payload: {} }).sign(key).toBytes();
  const session = () => new Session({ session_key: SECRET, user_id: 7 });
  const guard = () => new lacre.ReplayGuard();
  const Timed = lacre.defineMessage("timed", z.object({ timestamp: lacre.timestamp() }));
  const seconds = "must be a Unix time in seconds, not milliseconds";
  const cases: [message: string, call: () => unknown][] = [
    ["options: must be an object", () => MessageProtocol.open(frame, undefined as never)],
    [
      "options.maxAge: must be a number of at least 0",
      () => MessageProtocol.open(frame, { key, maxAge: -1 }),
    ],
    [
      "options.clockTolerance: must be a number of at least 0",
      () => MessageProtocol.open(frame, { key, clockTolerance: Number.NaN }),
    ],
    [
      "maxFrameBytes: must be a number of at least 0",
      () => MessageProtocol.open(frame, { key, maxFrameBytes: "1" as never }),
    ],
    [
      "options.capacity: must be a number of at least 1",
      () => new lacre.ReplayGuard({ capacity: -1 }),
    ],
    ["definition: must be made by defineMessage", () => lacre.createRegistry([{} as never])],
    ["event.type: is not the type of an event", () => session().handle({ type: "x" } as never, 1)],
    [
      "event.event_type: must be read or typing",
      () => session().handle({ type: "mark", event_type: "delivered", chat_id: 1 } as never, 1),
    ],
    ["bounds.max: must be a number of at least 5", () => lacre.bytes({ min: 5, max: 4 })],
    [`options.now: ${seconds}`, () => MessageProtocol.open(frame, { key, now: milliseconds })],
    [`options.now: ${seconds}`, () => MessageProtocol.fromBytes(frame, { now: milliseconds })],
    [
      `timestamp: ${seconds}`,
      () => new MessageProtocol({ type: "t", payload: {}, timestamp: milliseconds }),
    ],
    [`options.timestamp: ${seconds}`, () => Timed.toProtocol({}, key, { timestamp: milliseconds })],
    [`now: ${seconds}`, () => session().handle({ type: "tick" }, milliseconds)],
    [`now: ${seconds}`, () => guard().add(SECRET, NOW, milliseconds)],
  ];
  it.each(cases)("names it: %s", (text, call) => {
    expect(call).toThrow(ValidationError);
    expect(call).toThrow(`argument: ${text}`);
  });

  it("rejects a payload's time in milliseconds", () => {
    expect(() => Timed.toProtocol({ timestamp: milliseconds }, key)).toThrow(
      "timed: timestamp: must be a Unix time in seconds",
    );
    const latest = { timestamp: 100_000_000_000 };
    expect(Timed.fromProtocol(Timed.toProtocol(latest, key))).toEqual(latest);
  });
});
