import { describe, expect, it } from "vitest";
import {
  Hello,
  KeyError,
  MessageProtocol,
  SigningKey,
  StatusEvent,
  Welcome,
} from "../../src/index.js";
import { acceptHello, CLOSE, directionKeys, Session } from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import { counting } from "../support/hex.js";
import {
  ALICE,
  BOB,
  CHAT,
  fromBob,
  notices,
  offer,
  only,
  SESSION_KEY,
  Stage,
  transmitted,
} from "./stage.js";

/** A session that has said hello. */
function greeting(options = {}) {
  const stage = new Stage(options);
  stage.handle({ type: "tick" });
  const [frame] = transmitted(stage.handle({ type: "connected" }));
  const message = MessageProtocol.fromBytes(frame!);
  return { stage, frame: frame!, message, hello: Hello.fromProtocol(message) };
}
const welcome = (
  hello: Hello,
  fields: object = {},
  key = directionKeys(SESSION_KEY).server,
  options = {},
) =>
  Welcome.toProtocol(
    { nonce: counting(16), hello_nonce: hello.nonce, wire: 2, ...offer, ...fields } as never,
    key,
    { timestamp: NOW, ...options },
  ).toBytes();

describe("a session says hello", () => {
  it("on wire 1, under the session's client key, with a new nonce each time", () => {
    const [first, second] = [greeting({ device_id: "phone" }), greeting()];
    expect(first.message).toMatchObject({ wire: 1, timestamp: NOW });
    expect(first.message.verify(directionKeys(SESSION_KEY).client)).toBe(true);
    expect(first.hello).toMatchObject({ wires: [2, 1], capabilities: [], device_id: "phone" });
    expect(first.hello.nonce).not.toEqual(second.hello.nonce);
  });

  it("when it is connected, which it asks for at its first event", () => {
    const stage = new Stage();
    expect(stage.handle({ type: "tick" })).toMatchObject([{ type: "wake" }, { type: "connect" }]);
    expect(only(stage.handle({ type: "tick" }), "connect")).toEqual([]);
    expect(only(stage.handle({ type: "connected" }), "transmit")).toHaveLength(1);
    expect(only(stage.handle({ type: "connected" }), "transmit")).toHaveLength(0);
  });

  it("also for a user who has no chats yet", () => {
    const session = new Session({ session_key: SESSION_KEY, user_id: ALICE });
    session.handle({ type: "tick" }, NOW);
    const [frame] = transmitted(session.handle({ type: "connected" }, NOW));
    const accepted = acceptHello(frame!, SESSION_KEY, offer, NOW)!;
    const online = session.handle({ type: "frame", data: accepted.frame }, NOW);
    expect(notices(online)).toMatchObject([{ type: "online" }]);
    expect(transmitted(online)).toEqual([]);
  });

  it("and gives up on a server that does not answer within 10 seconds", () => {
    const { stage } = greeting();
    stage.now += 9.9;
    expect(only(stage.handle({ type: "tick" }), "close")).toEqual([]);
    stage.now += 0.1;
    expect(only(stage.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("only with a key of 32 bytes that is one", () => {
    const base64 = btoa(String.fromCharCode(...SESSION_KEY));
    for (const bad of [new Uint8Array(32), counting(31), counting(33), base64, undefined]) {
      const session_key = bad as Uint8Array;
      expect(() => new Session({ session_key, user_id: ALICE })).toThrow(KeyError);
      expect(() => acceptHello(new Uint8Array(), session_key, offer, NOW)).toThrow(KeyError);
    }
  });
});

describe("a welcome", () => {
  it("brings the session online on the agreed wire", () => {
    const stage = new Stage();
    expect(notices(stage.connect())).toEqual([
      { type: "online", wire: 2, capabilities: ["delivered"] },
    ]);
    expect(notices(new Stage({ wires: [1] }).connect())).toMatchObject([
      { type: "online", wire: 1 },
    ]);
    expect(notices(new Stage().connect({ ...offer, wires: [1] }))).toMatchObject([{ wire: 1 }]);
  });

  it("tells the server's time, so that a client with a wrong clock is understood", () => {
    const { stage, frame } = greeting();
    const accepted = acceptHello(frame, SESSION_KEY, offer, NOW + 86_400)!;
    stage.handle({ type: "frame", data: accepted.frame });
    const [read] = transmitted(stage.handle({ type: "mark", event_type: "typing", chat_id: CHAT }));
    expect(accepted.channel.open(read!, NOW + 86_400).timestamp).toBeCloseTo(NOW + 86_400, 3);
    const status = accepted.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      NOW + 86_401,
    );
    expect(notices(stage.handle({ type: "frame", data: status }))).toMatchObject([
      { type: "status" },
    ]);
  });

  it.each([
    ["to another hello", (hello: Hello) => welcome(hello, { hello_nonce: counting(16) })],
    ["of a wire that was not offered", (hello: Hello) => welcome(hello, { wire: 3 })],
    ["under another key", (hello: Hello) => welcome(hello, {}, SigningKey.generate())],
    [
      "under the client's key",
      (hello: Hello) => welcome(hello, {}, directionKeys(SESSION_KEY).client),
    ],
    [
      "on wire 2",
      (hello: Hello) => welcome(hello, {}, directionKeys(SESSION_KEY).server, { wire: 2 }),
    ],
    [
      "that is a hello",
      (hello: Hello) => Hello.toProtocol(hello, directionKeys(SESSION_KEY).server).toBytes(),
    ],
    ["of no bytes", () => new Uint8Array()],
    ["of text", () => "welcome"],
  ])("%s is refused, and the connection closed", (_, answer) => {
    const { stage, hello } = greeting();
    const actions = stage.handle({ type: "frame", data: answer(hello) });
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "welcome" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
    expect(only(stage.handle({ type: "frame", data: answer(hello) }), "transmit")).toEqual([]);
  });

  it.each([
    ["hello_nonce", { hello_nonce: counting(16) }, {}],
    ["wire", { wire: 3 }, {}],
    ["timestamp", {}, { timestamp: -1 }],
  ])("whose %s is not an answer to this hello says so", (field, fields, options) => {
    const { stage, hello } = greeting();
    const data = welcome(hello, fields, undefined, options);
    const [notice] = notices(stage.handle({ type: "frame", data }));
    expect(notice).toMatchObject({ error: { code: "ERR_VALIDATION" } });
    expect(String((notice as { error?: unknown }).error)).toContain(
      `welcome: ${field}: does not answer this hello`,
    );
  });

  it("is not taken twice", () => {
    const stage = Stage.online();
    expect(notices(stage.handle({ type: "frame", data: stage.welcomeFrame }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
  });
});

describe("a server accepts a hello", () => {
  const frame = (fields = {}, key = directionKeys(SESSION_KEY).client, options = {}) =>
    Hello.toProtocol(
      { nonce: counting(16), wires: [1, 2], capabilities: [], ...fields },
      key,
      options,
    ).toBytes();

  it("and agrees on the best common wire, at any time of the client's clock", () => {
    const accepted = acceptHello(frame({}, undefined, { timestamp: 5 }), SESSION_KEY, offer, NOW);
    expect(accepted?.channel.wire).toBe(2);
    expect(accepted?.hello.wires).toEqual([1, 2]);
    expect(acceptHello(frame({ wires: [7, 1] }), SESSION_KEY, offer, NOW)?.channel.wire).toBe(1);
  });

  it("or has no wire in common", () => {
    expect(acceptHello(frame({ wires: [3] }), SESSION_KEY, offer, NOW)).toBeUndefined();
    expect(
      acceptHello(frame({ wires: [2] }), SESSION_KEY, { ...offer, wires: [1] }, NOW),
    ).toBeUndefined();
  });

  it("or refuses what is none", () => {
    for (const [bad, code] of [
      [frame({}, SigningKey.generate()), "ERR_VERIFY"],
      [frame({}, directionKeys(SESSION_KEY).server), "ERR_VERIFY"],
      [frame({}, undefined, { wire: 2 }), "ERR_VERIFY"],
      ["hello", "ERR_MALFORMED"],
    ] as const) {
      expect(() => acceptHello(bad, SESSION_KEY, offer, NOW)).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });
});

describe("frames of a connection", () => {
  it("are under the session's key, salted with the client's nonce and then the server's, a label for each direction", () => {
    const salt = counting(32);
    const nonces = { hello: salt.subarray(0, 16), welcome: salt.subarray(16) };
    const letter = new MessageProtocol({ type: "letter", payload: {} });
    for (const direction of ["client", "server"] as const) {
      const connection = SigningKey.derive(SESSION_KEY, direction, { salt });
      expect(letter.sign(directionKeys(SESSION_KEY, nonces)[direction]).verify(connection)).toBe(
        true,
      );
      const session = SigningKey.derive(SESSION_KEY, direction);
      expect(letter.sign(directionKeys(SESSION_KEY)[direction]).verify(session)).toBe(true);
    }
  });

  it("do not open on another connection of the same session, nor in the other direction", () => {
    const [stage, other] = [Stage.online(), Stage.online()];
    const bytes = other.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      other.now,
    );
    expect(notices(stage.handle({ type: "frame", data: bytes }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
    const [own] = transmitted(stage.handle({ type: "mark", event_type: "typing", chat_id: CHAT }));
    expect(notices(stage.handle({ type: "frame", data: own }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
  });

  it("are refused a second time", () => {
    const stage = Stage.online();
    const bytes = stage.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      stage.now,
    );
    stage.handle({ type: "frame", data: bytes });
    expect(notices(stage.handle({ type: "frame", data: bytes }))).toMatchObject([
      { type: "refused", reason: "frame", error: { code: "ERR_REPLAYED" } },
    ]);
  });

  it("on another wire than was agreed on close the connection", () => {
    const nonces = { hello: counting(16), welcome: counting(16).reverse() };
    const { stage, hello } = greeting();
    const answer = welcome(hello, { nonce: nonces.welcome });
    stage.handle({ type: "frame", data: answer });
    const { server } = directionKeys(SESSION_KEY, { hello: hello.nonce, welcome: nonces.welcome });
    const bytes = StatusEvent.toProtocol({ event_type: "typing", user_id: BOB }, server, {
      wire: 1,
      timestamp: NOW,
    }).toBytes();
    const actions = stage.handle({ type: "frame", data: bytes });
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "wire" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  });

  it("of any other kind are refused with a reason, and never throw", () => {
    const stage = Stage.online();
    const refused = (data: unknown) => notices(stage.handle({ type: "frame", data }));
    for (const data of [
      undefined,
      null,
      "text",
      42,
      {},
      new Uint8Array(),
      counting(300),
      new Uint8Array(2_000_000),
    ]) {
      expect(refused(data)).toMatchObject([{ type: "refused", reason: "frame" }]);
    }
    const unknown = {
      type: "hologram",
      schema: Hello.schema,
      toProtocol: (_: unknown, key: SigningKey, options: object) =>
        new MessageProtocol({ type: "hologram", payload: {}, ...options }).sign(key),
    };
    expect(notices(stage.receive(unknown as never, {} as never))).toMatchObject([
      { type: "refused", reason: "type" },
    ]);
    expect(
      notices(stage.receive(Hello, { nonce: counting(16), wires: [1], capabilities: [] })),
    ).toMatchObject([{ reason: "type" }]);
    const broken = {
      ...unknown,
      toProtocol: (_: unknown, key: SigningKey, options: object) =>
        new MessageProtocol({ type: "message", payload: { seq: -1 }, ...options }).sign(key),
    };
    expect(notices(stage.receive(broken as never, {} as never))).toMatchObject([
      { type: "refused", reason: "payload", error: { code: "ERR_VALIDATION" } },
    ]);
    const waiting = new Stage();
    expect(notices(waiting.handle({ type: "frame", data: counting(9) }))).toMatchObject([
      { type: "refused", reason: "state" },
    ]);
    expect(
      notices(stage.receive(StatusEvent, { event_type: "typing", user_id: BOB })),
    ).toMatchObject([{ type: "status" }]);
    expect(fromBob(1).seq).toBe(1);
  });
});
