import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, ValidationError } from "../../src/index.js";
import { CLOSE, isSameBody, type SessionAction } from "../../src/session/index.js";
import { BOB, CHAT, delivered, fromAlice, notices, only, Stage, types } from "./stage.js";

describe("what alice writes", () => {
  it("is persisted before it is sent, and forgotten when the server has it", () => {
    const stage = Stage.online();
    const message = fromAlice(1);
    const written = stage.handle({ type: "send", message });
    expect(only(written, "persist")).toEqual([{ type: "persist", message }]);
    expect(only(written, "transmit")).toEqual([]);
    const sent = stage.handle({ type: "stored", client_id: message.client_id });
    expect(types(stage, sent)).toEqual(["message"]);
    const acknowledged = stage.ack(message, 1);
    expect(only(acknowledged, "forget")).toEqual([
      { type: "forget", client_id: message.client_id },
    ]);
    expect(notices(acknowledged)).toMatchObject([{ type: "sent", seq: 1, message_id: 101 }]);
    expect(only(acknowledged, "cursor")).toEqual([{ type: "cursor", chat_id: CHAT, seq: 1 }]);
  });

  it("is not sent before it is stored, neither in its turn nor on a new connection", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    stage.handle({ type: "send", message: fromAlice(2) });
    expect(types(stage, stage.ack(fromAlice(1), 1))).toEqual([]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(types(stage, stage.connect())).toEqual(["resume"]);
    const { client_id } = fromAlice(2);
    expect(types(stage, stage.handle({ type: "stored", client_id }))).toEqual(["message"]);
  });

  it("and was stored after it was forgotten is of no concern", () => {
    const stage = Stage.online();
    const { client_id } = fromAlice(1);
    expect(types(stage, stage.handle({ type: "stored", client_id }))).toEqual([]);
  });

  it("goes out in the order of writing, though another came back before its turn", () => {
    const stage = new Stage({ outbox: [1, 2, 3].map((number) => fromAlice(number)) });
    stage.connect();
    const ids = (actions: SessionAction[]) =>
      stage
        .read(actions)
        .filter(({ type }) => type === "message")
        .map((one) => ChatMessage.fromProtocol(one).client_id);
    const second = { ...fromAlice(2), seq: 1 };
    expect(ids(stage.list({ after: 0, through: 1, messages: [second] }))).toEqual([]);
    expect(ids(stage.ack(fromAlice(1), 2))).toEqual([fromAlice(3).client_id]);
    expect(ids(stage.ack(fromAlice(3), 3))).toEqual([]);
    expect(ids(stage.send(fromAlice(4)))).toEqual([fromAlice(4).client_id]);
  });

  it("goes out one by one in a chat, and side by side in two", () => {
    const stage = Stage.online();
    expect(types(stage, stage.send(fromAlice(1)))).toEqual(["message"]);
    expect(types(stage, stage.send(fromAlice(2)))).toEqual([]);
    expect(types(stage, stage.send(fromAlice(3, 43)))).toEqual(["message"]);
    expect(types(stage, stage.ack(fromAlice(1), 1))).toEqual(["message"]);
  });

  it("offline is sent when she is online, also after a restart", () => {
    const stage = new Stage({ outbox: [fromAlice(1), fromAlice(2)] });
    const sent = stage.read(stage.connect()).filter(({ type }) => type === "message");
    expect(sent.map((one) => ChatMessage.fromProtocol(one).client_id)).toEqual([
      fromAlice(1).client_id,
    ]);
  });

  it("is sent again, the same in a new frame, when no answer comes; then the connection is given up", () => {
    const stage = Stage.online();
    const first = stage.read(stage.send(fromAlice(1)))[0]!;
    stage.now += 9.9;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += 0.1;
    const second = stage.read(stage.handle({ type: "tick" }))[0]!;
    expect(isSameBody(ChatMessage.fromProtocol(first), ChatMessage.fromProtocol(second))).toBe(
      true,
    );
    expect(second.signature).not.toBe(first.signature);
    stage.now += 10;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual(["message"]);
    stage.now += 10;
    expect(only(stage.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("and was under way when the connection broke goes out at once on the next one", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    for (let connection = 0; connection < 4; connection++) {
      stage.now += 9;
      stage.handle({ type: "closed", code: 1006 });
      stage.now += 60;
      expect(types(stage, stage.connect())).toContain("message");
    }
  });

  it("is reported as failed when the server will not have it, and the next one goes out", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    stage.send(fromAlice(2));
    const actions = stage.receive(ErrorResponse, {
      error_code: "ERR_FORBIDDEN",
      error_message: "no",
      details: { client_id: fromAlice(1).client_id },
    });
    expect(only(actions, "failed")).toMatchObject([
      { client_id: fromAlice(1).client_id, error_code: "ERR_FORBIDDEN" },
    ]);
    expect(only(actions, "forget")).toHaveLength(1);
    expect(types(stage, actions)).toEqual(["message"]);
  });

  it("waits when the server is busy", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    const busy = stage.receive(ErrorResponse, {
      error_code: "ERR_RATE_LIMITED",
      error_message: "",
      details: { client_id: fromAlice(1).client_id, retry_after: 20 },
    });
    expect(only(busy, "failed")).toEqual([]);
    stage.now += 19.9;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += 0.1;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual(["message"]);
  });

  it("waits as often as the server is busy, on the same connection: a busy server is not a silent one", () => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    let actions = stage.connect();
    for (let answer = 1; answer <= 10; answer++) {
      expect(types(stage, actions)).toEqual(expect.arrayContaining(["message", "resume"]));
      for (const subject of [{ client_id: fromAlice(1).client_id }, { resume: CHAT }]) {
        const details = { ...subject, retry_after: 5 };
        stage.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
      }
      stage.now += 5;
      actions = stage.handle({ type: "tick" });
      expect(only(actions, "close")).toEqual([]);
    }
    expect(notices(stage.ack(fromAlice(1), 1))).toContainEqual(
      expect.objectContaining({ type: "sent" }),
    );
  });

  it("is sent once though it was persisted twice, and nothing waits behind it for ever", () => {
    const stage = new Stage({ outbox: [fromAlice(1), fromAlice(1), fromAlice(2)] });
    stage.connect();
    expect(types(stage, stage.ack(fromAlice(1), 1))).toContain("message");
    stage.ack(fromAlice(2), 2);
    stage.now += 20;
    expect(types(stage, stage.handle({ type: "tick" }))).not.toContain("message");
  });

  it("cannot be restored from what is none: a disk that says so is at fault, not the server", () => {
    for (const bad of [{ sender_id: BOB }, { client_id: undefined }, { chat_id: 0 }]) {
      const outbox = [{ ...fromAlice(1), ...bad } as never];
      expect(() => new Stage({ outbox })).toThrow(ValidationError);
    }
    for (const bad of [
      [CHAT, -1],
      [CHAT, Number.NaN],
      [0, 1],
      ["42", 1],
    ]) {
      expect(() => new Stage({ cursors: [bad as never] })).toThrow(ValidationError);
    }
  });

  it("is not sent twice if she hands it over twice", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    expect(only(stage.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
    stage.ack(fromAlice(1), 1);
    expect(only(stage.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
  });

  const unsigned = /^message: must have its writer as sender_id, and a client_id$/;
  it.each([
    ["under another's name", { sender_id: BOB }, unsigned],
    ["without a client id", { client_id: undefined }, unsigned],
    ["to no chat", { chat_id: 0 }, /^message: chat_id: must be/],
    ["with a nonce of 11 bytes", { nonce: new Uint8Array(11) }, /^message: nonce: must be/],
  ])("fails at once %s", (_, fields, said) => {
    const stage = Stage.online();
    const actions = stage.handle({
      type: "send",
      message: { ...fromAlice(1), ...fields } as never,
    });
    expect(only(actions, "failed")).toMatchObject([
      { error_code: "ERR_VALIDATION", error_message: expect.stringMatching(said) },
    ]);
    expect(only(actions, "persist")).toEqual([]);
  });
});

describe("an acknowledgement that was lost", () => {
  it("is made up for by the message itself", () => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect();
    const actions = stage.list({ after: 0, through: 1, messages: [{ ...fromAlice(1), seq: 1 }] });
    expect(notices(actions)).toMatchObject([{ type: "sent", seq: 1 }, { type: "caught_up" }]);
    expect(only(actions, "forget")).toHaveLength(1);
    expect(notices(stage.ack(fromAlice(1), 1))).toEqual([]);
    expect(delivered(stage.receive(ChatMessage, { ...fromAlice(1), seq: 2 }))).toEqual([]);
  });

  it("may be followed by an error about the same message, which is no news", () => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect();
    stage.list({ after: 0, through: 1, messages: [{ ...fromAlice(1), seq: 1 }] });
    const details = { client_id: fromAlice(1).client_id, retry_after: 1 };
    const late = { error_code: "ERR_RATE_LIMITED", error_message: "", details };
    expect(notices(stage.receive(ErrorResponse, late))).toEqual([]);
  });

  it("is not made up for by the message without a place in its chat", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    const actions = stage.receive(ChatMessage, fromAlice(1));
    expect(notices(actions)).toMatchObject([{ type: "message" }]);
    expect(only(actions, "forget")).toEqual([]);
  });

  it("is not made up for by another message under its client id", () => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect();
    const forged = { ...fromAlice(1), seq: 1, content: new Uint8Array(16) };
    const actions = stage.list({ after: 0, through: 1, messages: [forged] });
    expect(only(actions, "forget")).toEqual([]);
    expect(delivered(actions)).toEqual([1]);
  });
});
