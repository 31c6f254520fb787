import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse } from "../../src/index.js";
import type { SessionAction } from "../../src/session/index.js";
import { CHAT, delivered, fromAlice, fromBob, notices, only, Stage } from "./stage.js";

describe("what bob writes", () => {
  it("is handed over in order, with the cursor after it", () => {
    const stage = Stage.online();
    const actions = stage.receive(ChatMessage, fromBob(1));
    expect(actions).toMatchObject([
      { type: "wake" },
      { type: "deliver" },
      { type: "cursor", chat_id: CHAT, seq: 1 },
    ]);
  });

  it("under a client id that she used herself is another message", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    stage.ack(fromAlice(1), 1);
    const { client_id } = fromAlice(1);
    expect(delivered(stage.receive(ChatMessage, fromBob(2, { client_id })))).toEqual([2]);
    expect(delivered(stage.receive(ChatMessage, fromBob(3, { client_id })))).toEqual([]);
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

  it("is asked for again until it is answered, though all that was missing came by itself", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(2));
    expect(stage.resumes(stage.receive(ChatMessage, fromBob(1)))).toEqual([]);
    stage.now += 10;
    expect(stage.resumes(stage.handle({ type: "tick" }))).toMatchObject([{ after: 2 }]);
  });

  it("is not asked for again after the server's patience, if it came by itself meanwhile", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(2));
    const details = { resume: CHAT, retry_after: 5 };
    stage.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    stage.receive(ChatMessage, fromBob(1));
    stage.now += 5;
    expect(stage.resumes(stage.handle({ type: "tick" }))).toEqual([]);
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

  it("in a chat that is new to her is caught up with after a message of her own, too", () => {
    const stage = Stage.online({ cursors: [] });
    stage.send(fromAlice(1));
    expect(stage.resumes(stage.ack(fromAlice(1), 7))).toEqual([
      { chat_id: CHAT, after: 0, limit: 100 },
    ]);
    const own = { ...fromAlice(1), seq: 7 };
    expect(delivered(stage.list({ after: 0, through: 7, messages: [fromBob(6), own] }))).toEqual([
      6,
    ]);
  });

  it("in a chat that she followed while she was offline is caught up with when she is online", () => {
    const stage = new Stage({ cursors: [] });
    stage.handle({ type: "follow", chat_id: 9 });
    expect(stage.resumes(stage.connect())).toMatchObject([{ chat_id: 9, after: 0 }]);
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

describe("a chat is caught up", () => {
  const caughtUp = (actions: SessionAction[]) =>
    notices(actions).filter(({ type }) => type === "caught_up");

  it("when the server has no more: told after its messages and its cursor", () => {
    const stage = new Stage();
    expect(caughtUp(stage.connect())).toEqual([]);
    const page = stage.list({ after: 0, through: 1, messages: [fromBob(1)], has_more: true });
    expect(caughtUp(page)).toEqual([]);
    const last = stage.list({ after: 1, through: 3, messages: [fromBob(2)] });
    expect(last.slice(-3)).toMatchObject([
      { notice: { type: "message" } },
      { type: "cursor", seq: 3 },
      { notice: { type: "caught_up", chat_id: CHAT, seq: 3 } },
    ]);
  });

  it("on each connection, and whenever it was behind", () => {
    const stage = new Stage();
    stage.connect();
    expect(caughtUp(stage.list({ after: 0, through: 0 }))).toHaveLength(1);
    stage.receive(ChatMessage, fromBob(2));
    const again = stage.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] });
    expect(delivered(again)).toEqual([1, 2]);
    expect(caughtUp(again)).toEqual([{ type: "caught_up", chat_id: CHAT, seq: 2 }]);
    expect(caughtUp(stage.receive(ChatMessage, fromBob(3)))).toEqual([]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    stage.connect();
    expect(caughtUp(stage.list({ after: 3, through: 3 }))).toEqual([
      { type: "caught_up", chat_id: CHAT, seq: 3 },
    ]);
  });

  it("not while something waits for an earlier message", () => {
    const stage = new Stage();
    stage.connect();
    stage.receive(ChatMessage, fromBob(5));
    expect(caughtUp(stage.list({ after: 0, through: 3, messages: [fromBob(3)] }))).toEqual([]);
    const rest = stage.list({ after: 3, through: 5, messages: [fromBob(4), fromBob(5)] });
    expect(caughtUp(rest)).toMatchObject([{ seq: 5 }]);
  });

  it("also where messages could not be had, after the gap", () => {
    const stage = new Stage();
    stage.connect();
    stage.receive(ChatMessage, fromBob(5));
    stage.list({ after: 0, through: 0 });
    stage.list({ after: 0, through: 0 });
    const actions = notices(stage.list({ after: 0, through: 0 }));
    expect(actions.map(({ type }) => type)).toEqual(["gap", "message", "caught_up"]);
  });

  it("that goes back when it was asked again, as more may have come meanwhile", () => {
    const stage = new Stage({ cursors: [[CHAT, 50]] });
    stage.connect();
    stage.receive(ChatMessage, fromBob(41));
    const back = stage.list({ after: 50, through: 40 });
    expect(caughtUp(back)).toEqual([]);
    expect(stage.resumes(back)).toMatchObject([{ after: 40 }]);
    const rest = stage.list({ after: 40, through: 41, messages: [fromBob(41)] });
    expect(delivered(rest)).toEqual([41]);
    expect(caughtUp(rest)).toMatchObject([{ seq: 41 }]);
  });

  it("in turn: 16 chats at a time", () => {
    const chats = Array.from({ length: 17 }, (_, at) => at + 1);
    const stage = new Stage({ cursors: chats.map((chat_id) => [chat_id, 0]) });
    expect(stage.resumes(stage.connect())).toHaveLength(16);
    const next = stage.resumes(stage.list({ chat_id: 9, after: 0, through: 0 }));
    expect(next).toMatchObject([{ chat_id: 17 }]);
  });

  it("in turn: the server's patience for one holds up no more than its place", () => {
    const stage = new Stage({
      cursors: [
        [1, 0],
        [2, 0],
      ],
    });
    stage.connect();
    const details = { resume: 1, retry_after: 20 };
    stage.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    expect(caughtUp(stage.list({ chat_id: 2, after: 0, through: 0 }))).toHaveLength(1);
    stage.now += 20;
    expect(stage.resumes(stage.handle({ type: "tick" }))).toMatchObject([{ chat_id: 1 }]);
  });
});
