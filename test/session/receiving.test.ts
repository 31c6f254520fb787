import { describe, expect, it } from "vitest";
import { ChatMessage } from "../../src/index.js";
import { CHAT, delivered, fromBob, notices, only, Stage } from "./stage.js";

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
