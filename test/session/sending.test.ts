import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, ValidationError } from "../../src/index.js";
import { messageDigest } from "../../src/server/index.js";
import { CLOSE, type SessionAction } from "../../src/session/index.js";
import {
  BOB,
  CHAT,
  delivered,
  fromAlice,
  notices,
  only,
  SessionFixture,
  types,
} from "./fixture.js";

describe("an outgoing message", () => {
  it("is stored before it is sent, and removed when it is acknowledged", () => {
    const fixture = SessionFixture.online();
    const message = fromAlice(1);
    const written = fixture.handle({ type: "send", message });
    expect(only(written, "persist")).toEqual([{ type: "persist", message }]);
    expect(only(written, "transmit")).toEqual([]);
    const sent = fixture.handle({ type: "stored", client_id: message.client_id });
    expect(types(fixture, sent)).toEqual(["message"]);
    const acknowledged = fixture.ack(message, 1);
    expect(only(acknowledged, "forget")).toEqual([
      { type: "forget", client_id: message.client_id },
    ]);
    expect(acknowledged.map(({ type }) => type)).toEqual(["wake", "deliver", "forget", "cursor"]);
    expect(notices(acknowledged)).toMatchObject([
      { type: "sent", seq: 1, message_id: 101, stored_at: fixture.now },
    ]);
    expect(only(acknowledged, "cursor")).toEqual([
      { type: "cursor", chat_id: CHAT, from: 0, seq: 1 },
    ]);
  });

  it("is not sent before it is stored, also not on a new connection", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.handle({ type: "send", message: fromAlice(2) });
    expect(types(fixture, fixture.ack(fromAlice(1), 1))).toEqual([]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(types(fixture, fixture.connect())).toEqual(["resume"]);
    const { client_id } = fromAlice(2);
    expect(types(fixture, fixture.handle({ type: "stored", client_id }))).toEqual(["message"]);
  });

  it("ignores a stored event after it was removed", () => {
    const fixture = SessionFixture.online();
    const { client_id } = fromAlice(1);
    expect(types(fixture, fixture.handle({ type: "stored", client_id }))).toEqual([]);
  });

  it("is sent in the order of writing, even if a later one is received first", () => {
    const fixture = new SessionFixture({ outbox: [1, 2, 3].map((number) => fromAlice(number)) });
    fixture.connect();
    const ids = (actions: SessionAction[]) =>
      fixture
        .read(actions)
        .filter(({ type }) => type === "message")
        .map((one) => ChatMessage.fromProtocol(one).client_id);
    const second = { ...fromAlice(2), seq: 1 };
    expect(ids(fixture.list({ after: 0, through: 1, messages: [second] }))).toEqual([]);
    expect(ids(fixture.ack(fromAlice(1), 2))).toEqual([fromAlice(3).client_id]);
    expect(ids(fixture.ack(fromAlice(3), 3))).toEqual([]);
    expect(ids(fixture.send(fromAlice(4)))).toEqual([fromAlice(4).client_id]);
  });

  it("is not sent after it is withdrawn, stored or not, and the next one is sent", () => {
    const fixture = new SessionFixture({ outbox: [1, 2, 3].map((number) => fromAlice(number)) });
    for (const number of [1, 3]) {
      const { client_id } = fromAlice(number);
      expect(only(fixture.handle({ type: "withdraw", client_id }), "forget")).toEqual([]);
    }
    const ids = (actions: SessionAction[]) =>
      fixture
        .read(actions)
        .filter(({ type }) => type === "message")
        .map((one) => ChatMessage.fromProtocol(one).client_id);
    expect(ids(fixture.connect())).toEqual([fromAlice(2).client_id]);
    expect(ids(fixture.ack(fromAlice(2), 1))).toEqual([]);
    fixture.handle({ type: "send", message: fromAlice(4) });
    fixture.handle({ type: "withdraw", client_id: fromAlice(4).client_id });
    expect(ids(fixture.handle({ type: "stored", client_id: fromAlice(4).client_id }))).toEqual([]);
    expect(ids(fixture.send(fromAlice(4)))).toEqual([]);
  });

  it("can be withdrawn in flight, and its acknowledgement is ignored", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.send(fromAlice(2));
    const { client_id } = fromAlice(1);
    const withdrawn = fixture.handle({ type: "withdraw", client_id });
    expect(types(fixture, withdrawn)).toEqual(["message"]);
    expect(only(withdrawn, "forget")).toEqual([]);
    expect(notices(fixture.ack(fromAlice(1), 1))).toEqual([]);
    expect(notices(fixture.ack(fromAlice(2), 2))).toMatchObject([{ type: "sent", seq: 2 }]);
    expect(notices(fixture.ack(fromAlice(3), 3))).toMatchObject([{ type: "refused" }]);
  });

  it("waits for the previous one of its chat, but not for those of other chats", () => {
    const fixture = SessionFixture.online();
    expect(types(fixture, fixture.send(fromAlice(1)))).toEqual(["message"]);
    expect(types(fixture, fixture.send(fromAlice(2)))).toEqual([]);
    expect(types(fixture, fixture.send(fromAlice(3, 43)))).toEqual(["message"]);
    expect(types(fixture, fixture.ack(fromAlice(1), 1))).toEqual(["message"]);
  });

  it("written offline is sent once online, also after a restart", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1), fromAlice(2)] });
    const sent = fixture.read(fixture.connect()).filter(({ type }) => type === "message");
    expect(sent.map((one) => ChatMessage.fromProtocol(one).client_id)).toEqual([
      fromAlice(1).client_id,
    ]);
  });

  it("is sent again in a new frame without an answer, until the connection is closed", () => {
    const fixture = SessionFixture.online();
    const first = fixture.read(fixture.send(fromAlice(1)))[0]!;
    fixture.now += 9.9;
    expect(types(fixture, fixture.handle({ type: "tick" }))).toEqual([]);
    fixture.now += 0.1;
    const second = fixture.read(fixture.handle({ type: "tick" }))[0]!;
    expect(messageDigest(ChatMessage.fromProtocol(second))).toEqual(
      messageDigest(ChatMessage.fromProtocol(first)),
    );
    expect(second.signature).not.toBe(first.signature);
    fixture.now += 10;
    expect(types(fixture, fixture.handle({ type: "tick" }))).toEqual(["message"]);
    fixture.now += 10;
    expect(only(fixture.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("in flight on a lost connection is sent immediately on the next one", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    for (let connection = 0; connection < 4; connection++) {
      fixture.now += 9;
      fixture.handle({ type: "closed", code: 1006 });
      fixture.now += 60;
      expect(types(fixture, fixture.connect())).toContain("message");
    }
  });

  it("is reported as failed if the server rejects it, and the next one is sent", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.send(fromAlice(2));
    const actions = fixture.receive(ErrorResponse, {
      error_code: "ERR_FORBIDDEN",
      error_message: "no",
      details: { client_id: fromAlice(1).client_id },
    });
    expect(only(actions, "failed")).toMatchObject([
      { client_id: fromAlice(1).client_id, error_code: "ERR_FORBIDDEN" },
    ]);
    const about = actions.map(({ type }) => type).filter((type) => /failed|forget/.test(type));
    expect(about, "reported before it is removed").toEqual(["failed", "forget"]);
    expect(types(fixture, actions)).toEqual(["message"]);
  });

  it("is reported as failed if it cannot be stored, and the next one is sent", () => {
    const fixture = SessionFixture.online();
    const [first, second] = [fromAlice(1), fromAlice(2)];
    fixture.handle({ type: "send", message: first });
    expect(types(fixture, fixture.send(second))).toEqual([]);
    const actions = fixture.handle({ type: "store_failed", client_id: first.client_id });
    expect(actions.slice(1)).toMatchObject([
      { type: "failed", client_id: first.client_id, error_code: "ERR_NOT_STORED" },
      { type: "forget", client_id: first.client_id },
      { type: "transmit" },
    ]);
    expect(ChatMessage.fromProtocol(fixture.read(actions)[0]!).client_id).toBe(second.client_id);
    expect(only(fixture.handle({ type: "send", message: first }), "persist")).toHaveLength(1);
  });

  it("is sent even if store_failed follows stored", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    const { client_id } = fromAlice(1);
    expect(only(fixture.handle({ type: "store_failed", client_id }), "failed")).toEqual([]);
    expect(notices(fixture.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent" }]);
  });

  it("waits for the retry_after of a busy server", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    const busy = fixture.receive(ErrorResponse, {
      error_code: "ERR_RATE_LIMITED",
      error_message: "",
      details: { client_id: fromAlice(1).client_id, retry_after: 20 },
    });
    expect(only(busy, "failed")).toEqual([]);
    expect(types(fixture, [...fixture.pass(1), ...fixture.pass(18.9)])).toEqual([]);
    expect(types(fixture, fixture.pass(0.1))).toEqual(["message"]);
  });

  it("stays on the same connection however often the server is busy", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    let actions = fixture.connect();
    for (let answer = 1; answer <= 10; answer++) {
      expect(types(fixture, actions)).toEqual(expect.arrayContaining(["message", "resume"]));
      for (const subject of [{ client_id: fromAlice(1).client_id }, { resume: CHAT }]) {
        const details = { ...subject, retry_after: 5 };
        fixture.receive(ErrorResponse, {
          error_code: "ERR_UNAVAILABLE",
          error_message: "",
          details,
        });
      }
      fixture.now += 5;
      actions = fixture.handle({ type: "tick" });
      expect(only(actions, "close")).toEqual([]);
    }
    expect(notices(fixture.ack(fromAlice(1), 1))).toContainEqual(
      expect.objectContaining({ type: "sent" }),
    );
  });

  it("that is twice in the restored outbox is sent once, and the next one is sent", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1), fromAlice(1), fromAlice(2)] });
    fixture.connect();
    expect(types(fixture, fixture.ack(fromAlice(1), 1))).toContain("message");
    fixture.ack(fromAlice(2), 2);
    fixture.now += 20;
    expect(types(fixture, fixture.handle({ type: "tick" }))).not.toContain("message");
  });

  it("is validated when the outbox is restored", () => {
    for (const bad of [{ sender_id: BOB }, { client_id: undefined }, { chat_id: 0 }]) {
      const outbox = [{ ...fromAlice(1), ...bad } as never];
      expect(() => new SessionFixture({ outbox })).toThrow(ValidationError);
    }
    for (const bad of [
      [CHAT, -1],
      [CHAT, Number.NaN],
      [0, 1],
      ["42", 1],
    ]) {
      expect(() => new SessionFixture({ cursors: [bad as never] })).toThrow(ValidationError);
    }
  });

  it("is sent once if it is passed twice", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    expect(only(fixture.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
    fixture.ack(fromAlice(1), 1);
    expect(only(fixture.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
  });

  const wrongSender = /^message: needs the user_id of the session as sender_id, and a client_id$/;
  it.each([
    ["with another sender", { sender_id: BOB }, wrongSender],
    ["without a client id", { client_id: undefined }, wrongSender],
    ["without a valid chat", { chat_id: 0 }, /^message: chat_id: must be/],
    ["with a nonce of 11 bytes", { nonce: new Uint8Array(11) }, /^message: nonce: must be/],
  ])("fails immediately %s", (_, fields, expected) => {
    const fixture = SessionFixture.online();
    const actions = fixture.handle({
      type: "send",
      message: { ...fromAlice(1), ...fields } as never,
    });
    expect(only(actions, "failed")).toMatchObject([
      { error_code: "ERR_VALIDATION", error_message: expect.stringMatching(expected) },
    ]);
    expect(only(actions, "persist")).toEqual([]);
  });
});

describe("a lost acknowledgement", () => {
  it("is replaced by the received message itself", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect();
    const actions = fixture.list({ after: 0, through: 1, messages: [{ ...fromAlice(1), seq: 1 }] });
    expect(notices(actions)).toMatchObject([{ type: "sent", seq: 1 }, { type: "caught_up" }]);
    expect(only(actions, "forget")).toHaveLength(1);
    expect(notices(fixture.ack(fromAlice(1), 1))).toEqual([]);
    expect(delivered(fixture.receive(ChatMessage, { ...fromAlice(1), seq: 2 }))).toEqual([]);
  });

  it("may be followed by an error about the same message, which is ignored", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect();
    fixture.list({ after: 0, through: 1, messages: [{ ...fromAlice(1), seq: 1 }] });
    const details = { client_id: fromAlice(1).client_id, retry_after: 1 };
    const late = { error_code: "ERR_RATE_LIMITED", error_message: "", details };
    expect(notices(fixture.receive(ErrorResponse, late))).toEqual([]);
  });

  it("is not replaced by the received message without a seq", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    const actions = fixture.receive(ChatMessage, fromAlice(1));
    expect(notices(actions)).toMatchObject([{ type: "message" }]);
    expect(only(actions, "forget")).toEqual([]);
  });

  it("is not replaced by another message with the same client id", () => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect();
    const forged = { ...fromAlice(1), seq: 1, content: new Uint8Array(16) };
    const actions = fixture.list({ after: 0, through: 1, messages: [forged] });
    expect(only(actions, "forget")).toEqual([]);
    expect(delivered(actions)).toEqual([1]);
  });
});
