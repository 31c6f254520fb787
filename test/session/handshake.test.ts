import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import {
  DevicesEvent,
  defineMessage,
  Hello,
  KeyError,
  MessageProtocol,
  SigningKey,
  StatusEvent,
  ValidationError,
  Welcome,
} from "../../src/index.js";
import { acceptHello, directionKeys } from "../../src/server/index.js";
import { CLOSE, Session } from "../../src/session/index.js";
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
  SessionFixture,
  transmitted,
} from "./fixture.js";

/** Returns a session that has sent its hello, and that hello. */
function startHandshake(options = {}) {
  const fixture = new SessionFixture(options);
  fixture.handle({ type: "tick" });
  const [frame] = transmitted(fixture.handle({ type: "connected" }));
  const message = MessageProtocol.fromBytes(frame!);
  return { fixture, frame: frame!, message, hello: Hello.fromProtocol(message) };
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

function connect(options: Partial<ConstructorParameters<typeof Session>[0]>) {
  const session = new Session({ session_key: SESSION_KEY, user_id: ALICE, ...options });
  session.handle({ type: "tick" }, NOW);
  const [frame] = transmitted(session.handle({ type: "connected" }, NOW));
  const accepted = acceptHello(frame!, SESSION_KEY, offer, NOW);
  return { accepted, online: session.handle({ type: "frame", data: accepted.frame }, NOW) };
}

describe("the hello of a session", () => {
  it("is on wire 1, signed with the session's client key, and has a new nonce each time", () => {
    const [first, second] = [startHandshake({ device_id: "phone" }), startHandshake()];
    expect(first.message).toMatchObject({ wire: 1, timestamp: NOW });
    expect(first.message.verify(directionKeys(SESSION_KEY).client)).toBe(true);
    expect(first.hello).toMatchObject({
      wires: [2, 1],
      capabilities: ["pipeline"],
      device_id: "phone",
    });
    expect(first.hello.nonce).not.toEqual(second.hello.nonce);
  });

  it("is sent once the socket is open, which the session requests at its first event", () => {
    const fixture = new SessionFixture();
    expect(fixture.handle({ type: "tick" })).toMatchObject([{ type: "wake" }, { type: "connect" }]);
    expect(only(fixture.handle({ type: "tick" }), "connect")).toEqual([]);
    expect(only(fixture.handle({ type: "connected" }), "transmit")).toHaveLength(1);
    expect(only(fixture.handle({ type: "connected" }), "transmit")).toHaveLength(0);
  });

  it("is followed by a heartbeat after the welcome if there is nothing else to send", () => {
    const { online, accepted } = connect({});
    expect(notices(online)).toMatchObject([{ type: "online" }]);
    const [first, ...others] = transmitted(online).map((frame) =>
      accepted.channel.open(frame, NOW),
    );
    expect([first!.type, first!.payload]).toEqual(["heartbeat", { sent_at: NOW }]);
    expect(others).toEqual([]);
  });

  it("is followed by no heartbeat after the welcome if there is something else to send", () => {
    const { online, accepted } = connect({ cursors: [[42, 3]] });
    const frames = transmitted(online).map((frame) => accepted.channel.open(frame, NOW));
    expect(frames.map(({ type }) => type)).toEqual(["resume"]);
  });

  it("leads to a close if the server does not answer within 10 seconds", () => {
    const { fixture } = startHandshake();
    fixture.now += 9.9;
    expect(only(fixture.handle({ type: "tick" }), "close")).toEqual([]);
    fixture.now += 0.1;
    expect(only(fixture.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("needs a valid device id, valid wires and valid capabilities when the session is made", () => {
    for (const options of [{ device_id: "" }, { wires: [] }, { capabilities: ["x".repeat(65)] }])
      expect(() => new SessionFixture(options)).toThrow(ValidationError);
  });

  it("needs a session key of 32 bytes that is not all zero", () => {
    const base64 = btoa(String.fromCharCode(...SESSION_KEY));
    for (const bad of [new Uint8Array(32), counting(31), counting(33), base64, undefined]) {
      const session_key = bad as Uint8Array;
      expect(() => new Session({ session_key, user_id: ALICE })).toThrow(KeyError);
    }
  });
});

describe("a welcome", () => {
  it("brings the session online on the agreed wire", () => {
    const fixture = new SessionFixture();
    expect(notices(fixture.connect())).toEqual([
      { type: "online", wire: 2, capabilities: ["delivered"], server_time: NOW },
    ]);
    expect(notices(new SessionFixture({ wires: [1] }).connect())).toMatchObject([
      { type: "online", wire: 1 },
    ]);
    expect(notices(new SessionFixture().connect({ ...offer, wires: [1] }))).toMatchObject([
      { wire: 1 },
    ]);
  });

  it("corrects the clock of the client by the server's time", () => {
    const { fixture, frame } = startHandshake();
    const accepted = acceptHello(frame, SESSION_KEY, offer, NOW + 86_400);
    const online = fixture.handle({ type: "frame", data: accepted.frame });
    expect(notices(online)).toMatchObject([{ server_time: NOW + 86_400 }]);
    const [read] = transmitted(
      fixture.handle({ type: "mark", event_type: "typing", chat_id: CHAT }),
    );
    expect(accepted.channel.open(read!, NOW + 86_400).timestamp).toBeCloseTo(NOW + 86_400, 3);
    const status = accepted.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      NOW + 86_401,
    );
    expect(notices(fixture.handle({ type: "frame", data: status }))).toMatchObject([
      { type: "status" },
    ]);
  });

  it.each([
    ["to another hello", (hello: Hello) => welcome(hello, { hello_nonce: counting(16) })],
    ["of a wire that was not offered", (hello: Hello) => welcome(hello, { wire: 3 })],
    ["signed with another key", (hello: Hello) => welcome(hello, {}, SigningKey.generate())],
    [
      "signed with the client's key",
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
    ["without bytes", () => new Uint8Array()],
    ["that is a string", () => "welcome"],
  ])("%s is rejected, and the connection is closed", (_, answer) => {
    const { fixture, hello } = startHandshake();
    const actions = fixture.handle({ type: "frame", data: answer(hello) });
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "welcome" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
    expect(only(fixture.handle({ type: "frame", data: answer(hello) }), "transmit")).toEqual([]);
  });

  it.each([
    ["hello_nonce", { hello_nonce: counting(16) }, {}],
    ["wire", { wire: 3 }, {}],
    ["timestamp", {}, { timestamp: -1 }],
  ])(
    "whose %s does not match the hello is rejected with an error that names the field",
    (field, fields, options) => {
      const { fixture, hello } = startHandshake();
      const data = welcome(hello, fields, undefined, options);
      const [notice] = notices(fixture.handle({ type: "frame", data }));
      expect(notice).toMatchObject({ error: { code: "ERR_VALIDATION" } });
      expect(String((notice as { error?: unknown }).error)).toContain(
        `welcome: ${field}: does not answer this hello`,
      );
    },
  );

  it("is rejected a second time", () => {
    const fixture = SessionFixture.online();
    expect(notices(fixture.handle({ type: "frame", data: fixture.welcomeFrame }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
  });
});

describe("frames of a connection", () => {
  it("have keys derived from the session key, with the label of the direction and the salt hello nonce, welcome nonce", () => {
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

  it("do not open on another connection of the same session or in the other direction", () => {
    const [fixture, other] = [SessionFixture.online(), SessionFixture.online()];
    const bytes = other.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      other.now,
    );
    expect(notices(fixture.handle({ type: "frame", data: bytes }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
    const [own] = transmitted(
      fixture.handle({ type: "mark", event_type: "typing", chat_id: CHAT }),
    );
    expect(notices(fixture.handle({ type: "frame", data: own }))).toMatchObject([
      { type: "refused", reason: "frame" },
    ]);
  });

  it("are rejected a second time", () => {
    const fixture = SessionFixture.online();
    const bytes = fixture.channel.encode(
      StatusEvent,
      { event_type: "typing", user_id: BOB },
      fixture.now,
    );
    fixture.handle({ type: "frame", data: bytes });
    expect(notices(fixture.handle({ type: "frame", data: bytes }))).toMatchObject([
      { type: "refused", reason: "frame", error: { code: "ERR_REPLAYED" } },
    ]);
  });

  it("on another wire than the negotiated one close the connection", () => {
    const nonces = { hello: counting(16), welcome: counting(16).reverse() };
    const { fixture, hello } = startHandshake();
    const answer = welcome(hello, { nonce: nonces.welcome });
    fixture.handle({ type: "frame", data: answer });
    const { server } = directionKeys(SESSION_KEY, { hello: hello.nonce, welcome: nonces.welcome });
    const bytes = StatusEvent.toProtocol({ event_type: "typing", user_id: BOB }, server, {
      wire: 1,
      timestamp: NOW,
    }).toBytes();
    const actions = fixture.handle({ type: "frame", data: bytes });
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "wire" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  });

  it("that are invalid are rejected with a reason and never throw", () => {
    const fixture = SessionFixture.online();
    const noticesOf = (data: unknown) => notices(fixture.handle({ type: "frame", data }));
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
      expect(noticesOf(data)).toMatchObject([{ type: "refused", reason: "frame" }]);
    }
    expect(notices(fixture.receive(defineMessage("hologram", z.object({})), {}))).toMatchObject([
      { type: "refused", reason: "type" },
    ]);
    expect(
      notices(fixture.receive(Hello, { nonce: counting(16), wires: [1], capabilities: [] })),
    ).toMatchObject([{ reason: "type" }]);
    const broken = defineMessage("message", z.object({ seq: z.number() }));
    expect(notices(fixture.receive(broken, { seq: -1 }))).toMatchObject([
      { type: "refused", reason: "payload", error: { code: "ERR_VALIDATION" } },
    ]);
    const waiting = new SessionFixture();
    expect(notices(waiting.handle({ type: "frame", data: counting(9) }))).toMatchObject([
      { type: "refused", reason: "state" },
    ]);
    expect(
      notices(fixture.receive(StatusEvent, { event_type: "typing", user_id: BOB })),
    ).toMatchObject([{ type: "status" }]);
    const devices = { user_id: BOB, last_seq: 3 };
    expect(notices(fixture.receive(DevicesEvent, devices))).toEqual([{ type: "devices", devices }]);
    expect(fromBob(1).seq).toBe(1);
  });
});
