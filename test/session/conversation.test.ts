import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, Heartbeat, StatusEvent } from "../../src/index.js";
import {
  answerResume,
  bodyDigest,
  CLOSE,
  closeCode,
  isSameBody,
  markRefusal,
  reconnectDelay,
} from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import { ALICE, BOB, CHAT, delivered, fromAlice, fromBob, notices, only, Stage } from "./stage.js";

const types = (stage: Stage, actions: Parameters<Stage["read"]>[0]) =>
  stage.read(actions).map(({ type }) => type);

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

  it("is not sent twice if she hands it over twice", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    expect(only(stage.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
    stage.ack(fromAlice(1), 1);
    expect(only(stage.handle({ type: "send", message: fromAlice(1) }), "persist")).toEqual([]);
  });

  it.each([
    ["under another's name", { sender_id: BOB }],
    ["without a client id", { client_id: undefined }],
    ["to no chat", { chat_id: 0 }],
    ["with a nonce of 11 bytes", { nonce: new Uint8Array(11) }],
  ])("fails at once %s", (_, fields) => {
    const stage = Stage.online();
    const actions = stage.handle({
      type: "send",
      message: { ...fromAlice(1), ...fields } as never,
    });
    expect(only(actions, "failed")).toMatchObject([{ error_code: "ERR_VALIDATION" }]);
    expect(only(actions, "persist")).toEqual([]);
  });
});

describe("what bob writes", () => {
  it("is handed over in order, with the cursor after it", () => {
    const stage = Stage.online();
    const actions = stage.receive(ChatMessage, fromBob(1));
    expect(actions.slice(0, 2)).toMatchObject([
      { type: "deliver" },
      { type: "cursor", chat_id: CHAT, seq: 1 },
    ]);
  });

  it("waits for what is missing before it, which is asked for once", () => {
    const stage = Stage.online();
    const early = stage.receive(ChatMessage, fromBob(3));
    expect(delivered(early)).toEqual([]);
    expect(stage.resumes(early)).toEqual([{ chat_id: CHAT, after: 0, limit: 100 }]);
    expect(stage.resumes(stage.receive(ChatMessage, fromBob(4)))).toEqual([]);
    const caughtUp = stage.list({
      after: 0,
      through: 4,
      messages: [fromBob(1), fromBob(2), fromBob(3), fromBob(4)],
    });
    expect(delivered(caughtUp)).toEqual([1, 2, 3, 4]);
    expect(only(caughtUp, "cursor").at(-1)).toMatchObject({ seq: 4 });
  });

  it("may come before the answer does", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(3));
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    expect(
      delivered(stage.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] })),
    ).toEqual([2, 3]);
  });

  it("and was deleted is no hole", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(5));
    const actions = stage.list({ after: 0, through: 5, messages: [fromBob(2), fromBob(5)] });
    expect(delivered(actions)).toEqual([2, 5]);
    expect(notices(actions).filter(({ type }) => type === "gap")).toEqual([]);
  });

  it("comes in pages", () => {
    const stage = new Stage();
    expect(stage.resumes(stage.connect())).toEqual([{ chat_id: CHAT, after: 0, limit: 100 }]);
    const first = stage.list({
      after: 0,
      through: 2,
      messages: [fromBob(1), fromBob(2)],
      has_more: true,
    });
    expect(stage.resumes(first)).toEqual([{ chat_id: CHAT, after: 2, limit: 100 }]);
    expect(stage.resumes(stage.list({ after: 2, through: 3, messages: [fromBob(3)] }))).toEqual([]);
  });

  it("in a chat that is new to her is caught up with from its beginning", () => {
    const stage = Stage.online({ cursors: [] });
    expect(stage.resumes(stage.receive(ChatMessage, fromBob(2, { chat_id: 99 })))).toEqual([
      { chat_id: 99, after: 0, limit: 100 },
    ]);
    expect(stage.resumes(stage.handle({ type: "follow", chat_id: 100 }))).toEqual([
      { chat_id: 100, after: 0, limit: 100 },
    ]);
    expect(stage.resumes(stage.handle({ type: "follow", chat_id: 100 }))).toEqual([]);
  });

  it("without a seq is handed over once, as it comes", () => {
    const stage = Stage.online();
    const { client_id: _, ...anonymous } = fromBob(undefined);
    expect(delivered(stage.receive(ChatMessage, anonymous))).toEqual([undefined]);
    expect(delivered(stage.receive(ChatMessage, anonymous))).toEqual([]);
    expect(
      delivered(stage.receive(ChatMessage, { ...anonymous, nonce: fromBob(9).nonce })),
    ).toEqual([undefined]);
  });
});

describe("an acknowledgement that was lost", () => {
  it("is made up for by the message itself", () => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect();
    const actions = stage.list({ after: 0, through: 1, messages: [{ ...fromAlice(1), seq: 1 }] });
    expect(notices(actions)).toMatchObject([{ type: "sent", seq: 1 }]);
    expect(only(actions, "forget")).toHaveLength(1);
    expect(notices(stage.ack(fromAlice(1), 1))).toEqual([]);
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

describe("a server that lies", () => {
  it("and repeats is heard once", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(1));
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([]);
    expect(
      delivered(stage.receive(ChatMessage, fromBob(2, { client_id: fromBob(1).client_id! }))),
    ).toEqual([]);
  });

  it("and acknowledges what was not sent, or to another chat, is noticed", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    expect(notices(stage.ack(fromAlice(2), 1))).toMatchObject([{ type: "refused", reason: "ack" }]);
    expect(notices(stage.ack({ ...fromAlice(1), chat_id: 43 }, 1))).toMatchObject([
      { reason: "ack" },
    ]);
    expect(notices(stage.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent" }]);
  });

  it.each([
    ["of another question", { after: 7, through: 9 }],
    ["of another chat", { chat_id: 43, after: 0, through: 1 }],
    ["of no chat", { chat_id: undefined, after: 0, through: 1 }],
    ["without bounds", {}],
    ["out of order", { after: 0, through: 2, messages: [fromBob(2), fromBob(1)] }],
    ["with one twice", { after: 0, through: 2, messages: [fromBob(1), fromBob(1)] }],
    ["past its end", { after: 0, through: 1, messages: [fromBob(2)] }],
    ["without seqs", { after: 0, through: 1, messages: [fromBob(undefined)] }],
    [
      "with a message of another chat",
      { after: 0, through: 1, messages: [fromBob(1, { chat_id: 43 })] },
    ],
    ["that leads nowhere", { after: 0, through: 0, has_more: true }],
  ])("and answers a resume with a list %s is noticed", (_, list) => {
    const stage = new Stage();
    stage.connect();
    const actions = stage.list(list as never);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "list" }]);
    expect(delivered(actions)).toEqual([]);
  });

  it("and never fills a hole is given up on after three resumes: the application is told, and the chat goes on", () => {
    const stage = Stage.online();
    let actions = stage.receive(ChatMessage, fromBob(5));
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(stage.resumes(actions)).toHaveLength(1);
      actions = stage.list({ after: 0, through: 0 });
      expect(notices(actions)).toEqual([]);
    }
    expect(stage.resumes(actions)).toHaveLength(1);
    actions = stage.receive(ErrorResponse, {
      error_code: "ERR_INTERNAL",
      error_message: "",
      details: { resume: CHAT },
    });
    expect(notices(actions)).toMatchObject([
      { type: "gap", chat_id: CHAT, after: 0, through: 4 },
      { type: "message" },
    ]);
    expect(stage.resumes(actions)).toEqual([]);
    expect(delivered(stage.receive(ChatMessage, fromBob(6)))).toEqual([6]);
  });

  it("and does not answer at all is asked again, and then left: silence makes no gap", () => {
    const stage = new Stage();
    let actions = stage.connect();
    for (let asking = 0; asking < 3; asking++) {
      expect(stage.resumes(actions)).toHaveLength(1);
      stage.now += 10;
      actions = stage.handle({ type: "tick" });
    }
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toEqual([]);
  });

  it("and refuses to tell what there is, leaves a gap without an end", () => {
    const stage = new Stage();
    stage.connect();
    const refusal = { error_code: "ERR_INTERNAL", error_message: "", details: { resume: CHAT } };
    stage.receive(ErrorResponse, refusal);
    stage.receive(ErrorResponse, refusal);
    expect(notices(stage.receive(ErrorResponse, refusal))).toEqual([
      { type: "gap", chat_id: CHAT, after: 0 },
    ]);
    expect(notices(stage.receive(ErrorResponse, refusal))).toMatchObject([{ type: "error" }]);
  });

  it("and goes back in seq is reported, and followed", () => {
    const stage = new Stage({ cursors: [[CHAT, 50]] });
    expect(stage.resumes(stage.connect())).toMatchObject([{ after: 50 }]);
    const actions = stage.list({ after: 50, through: 40 });
    expect(notices(actions)).toEqual([
      { type: "rewound", chat_id: CHAT, cursor: 50, last_seq: 40 },
    ]);
    expect(only(actions, "cursor")).toEqual([{ type: "cursor", chat_id: CHAT, seq: 40 }]);
    expect(delivered(stage.receive(ChatMessage, fromBob(41)))).toEqual([41]);
  });

  it("and floods a chat with what is ahead of its turn is bounded", () => {
    const stage = Stage.online();
    for (let seq = 2; seq < 400; seq++) stage.receive(ChatMessage, fromBob(seq));
    const messages = Array.from({ length: 399 }, (_, at) => fromBob(at + 1));
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toHaveLength(257);
    const list = stage.list({ after: 0, through: 399, messages });
    expect(delivered(list)).toHaveLength(142);
  });
});

describe("marks", () => {
  it("of what was read go up only, and are sent again on a new connection", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(1));
    stage.receive(ChatMessage, fromBob(2));
    const read = (seq?: number) =>
      stage
        .read(
          stage.handle({
            type: "mark",
            event_type: "read",
            chat_id: CHAT,
            ...(seq !== undefined && { seq }),
          }),
        )
        .map((one) => StatusEvent.fromProtocol(one).seq);
    expect(read()).toEqual([2]);
    expect(read(1)).toEqual([]);
    expect(read(2)).toEqual([]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    const again = stage.read(stage.connect()).filter(({ type }) => type === "status");
    expect(again.map((one) => StatusEvent.fromProtocol(one))).toMatchObject([
      { event_type: "read", seq: 2, user_id: ALICE },
    ]);
  });

  it("of what was delivered are sent where both ends know them", () => {
    const both = Stage.online({ capabilities: ["delivered"] });
    const marks = both.read(both.receive(ChatMessage, fromBob(1)));
    expect(marks.map((one) => StatusEvent.fromProtocol(one))).toMatchObject([
      { event_type: "delivered", seq: 1, chat_id: CHAT },
    ]);
    const one = Stage.online();
    expect(one.read(one.receive(ChatMessage, fromBob(1)))).toEqual([]);
  });

  it("of typing are sent at once or not at all", () => {
    const stage = Stage.online();
    expect(
      types(stage, stage.handle({ type: "mark", event_type: "typing", chat_id: CHAT })),
    ).toEqual(["status"]);
    const offline = new Stage();
    offline.handle({ type: "mark", event_type: "typing", chat_id: CHAT });
    expect(offline.read(offline.connect()).map(({ type }) => type)).toEqual(["resume"]);
  });

  it("are checked by a server", () => {
    const mark = {
      event_type: "read",
      user_id: BOB,
      chat_id: CHAT,
      seq: 3,
      timestamp: NOW,
    } as const;
    expect(markRefusal(mark, { user_id: BOB, last_seq: 3 })).toBeUndefined();
    expect(markRefusal(mark, { user_id: BOB, last_seq: 2 })).toBe("ERR_SEQ_AHEAD");
    expect(markRefusal(mark, { user_id: ALICE, last_seq: 3 })).toBe("ERR_FORBIDDEN");
  });
});

describe("a connection", () => {
  it("is kept alive by heartbeats, and given up when nothing comes for three of them", () => {
    const stage = Stage.online();
    stage.now += 29.9;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += 0.1;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual(["heartbeat"]);
    stage.receive(Heartbeat, { sent_at: stage.now });
    stage.now += 89.9;
    expect(only(stage.handle({ type: "tick" }), "close")).toEqual([]);
    stage.now += 0.1;
    expect(only(stage.handle({ type: "tick" }), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("that is lost is made again, later each time, and at once after a good one", () => {
    const stage = Stage.online();
    const wait = () => {
      const [wake] = only(stage.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
      const seconds = wake!.at - stage.now;
      stage.now = wake!.at;
      return seconds;
    };
    stage.now += 20;
    expect(wait()).toBeCloseTo(0.25);
    expect(only(stage.handle({ type: "tick" }), "connect")).toHaveLength(1);
    expect(wait()).toBeCloseTo(0.5);
    stage.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(1);
    for (let failure = 0; failure < 10; failure++) {
      stage.handle({ type: "tick" });
      wait();
    }
    stage.handle({ type: "tick" });
    expect(wait()).toBeCloseTo(15);
  });

  it("that is lost right after the welcome counts as failed", () => {
    const stage = Stage.online();
    const [wake] = only(stage.handle({ type: "closed", code: 1006 }), "wake").slice(-1);
    expect(wake!.at - stage.now).toBeCloseTo(0.5);
  });

  it("is not made again after a close code that says so", () => {
    for (const code of [1008, 1009, 4001, 4002, 4005]) {
      const stage = Stage.online();
      const actions = stage.handle({ type: "closed", code });
      expect(notices(actions)).toEqual([{ type: "offline", code, retry: false }]);
      expect(only(actions, "wake")).toEqual([]);
      stage.now += 1e6;
      expect(only(stage.handle({ type: "tick" }), "connect")).toEqual([]);
      expect(notices(stage.handle({ type: "closed", code }))).toEqual([]);
    }
    for (const code of [1000, 1001, 1006, 1011, 1012, 1013, 4000, 4003, 4004, 4999])
      expect(closeCode(code).retry).toBe(true);
  });

  it("waits with full jitter", () => {
    expect(reconnectDelay(3, 0)).toBe(0);
    expect(reconnectDelay(3, 0.999)).toBeLessThan(4);
    expect(reconnectDelay(1000, 0.999)).toBeLessThan(30);
  });
});

describe("a server's answer to a resume", () => {
  const messages = (count: number, bytes = 16) =>
    Array.from({ length: count }, (_, at) => fromBob(at + 1, { content: new Uint8Array(bytes) }));
  const ask = { chat_id: CHAT, after: 0, limit: 100 };

  it("covers the chat to its end", () => {
    expect(answerResume(ask, { last_seq: 5, messages: messages(3) })).toMatchObject({
      after: 0,
      through: 5,
      has_more: false,
    });
    expect(answerResume({ ...ask, after: 50 }, { last_seq: 40, messages: [] })).toMatchObject({
      after: 50,
      through: 40,
      has_more: false,
    });
    expect(answerResume(ask, { last_seq: 100, messages: messages(100) })).toMatchObject({
      through: 100,
      has_more: false,
    });
  });

  it("stops at its limit and before a frame is full", () => {
    expect(answerResume(ask, { last_seq: 101, messages: messages(100) })).toMatchObject({
      through: 100,
      has_more: true,
    });
    const large = answerResume(ask, { last_seq: 5, messages: messages(5, 300_000) });
    expect(large).toMatchObject({ through: 2, has_more: true });
    expect(
      answerResume(ask, { last_seq: 5, messages: messages(5, 720_000) }).messages,
    ).toHaveLength(1);
  });

  it("fits a frame of either wire at its largest", () => {
    for (const wires of [[1], [2]] as const) {
      const stage = new Stage({ wires });
      stage.connect();
      for (const bytes of [1, 1000, 7_700, 720_000]) {
        const list = answerResume(ask, { last_seq: 200, messages: messages(100, bytes) });
        expect(() => stage.list(list)).not.toThrow();
      }
    }
  });
});

describe("a body's digest", () => {
  it("is the same for the same body only", () => {
    const message = fromBob(1);
    expect(bodyDigest({ ...message, seq: 9, message_id: 9 })).toEqual(bodyDigest(message));
    for (const other of [
      { chat_id: 43 },
      { sender_id: 9 },
      { timestamp: NOW + 1 },
      { content: new Uint8Array(16) },
      { nonce: new Uint8Array(12) },
    ]) {
      expect(isSameBody({ ...message, ...other }, message)).toBe(false);
    }
    expect(() => bodyDigest({ ...message, chat_id: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_VALIDATION" }),
    );
  });
});
