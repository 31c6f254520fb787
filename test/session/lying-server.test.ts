import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse } from "../../src/index.js";
import { CLOSE } from "../../src/session/index.js";
import { CHAT, delivered, fromAlice, fromBob, notices, only, Stage } from "./stage.js";

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
