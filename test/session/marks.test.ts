import { describe, expect, it } from "vitest";
import { ChatMessage, StatusEvent, ValidationError } from "../../src/index.js";
import type { SessionAction } from "../../src/session/index.js";
import { ALICE, CHAT, fromBob, Stage, types } from "./stage.js";

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

  it("of a chat that goes back go back with it, so that no connection says what the server refuses", () => {
    const stage = Stage.online({ cursors: [[CHAT, 50]], capabilities: ["delivered"] });
    const marks = (actions: SessionAction[]) =>
      stage
        .read(actions)
        .filter(({ type }) => type === "status")
        .map((one) => StatusEvent.fromProtocol(one))
        .map(({ event_type, chat_id, seq }) => `${event_type} ${chat_id} ${seq}`);
    stage.handle({ type: "mark", event_type: "read", chat_id: 43, seq: 60 });
    stage.receive(ChatMessage, fromBob(51));
    expect(marks(stage.handle({ type: "mark", event_type: "read", chat_id: CHAT }))).toEqual([
      "read 42 51",
    ]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(marks(stage.connect())).toEqual(["read 43 60", "delivered 42 51", "read 42 51"]);
    const lowered = ["delivered 42 40", "read 42 40"];
    expect(marks(stage.list({ after: 51, through: 40 }))).toEqual(lowered);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(marks(stage.connect()).sort()).toEqual(["read 43 60", ...lowered].sort());
    expect(marks(stage.receive(ChatMessage, fromBob(41)))).toEqual(["delivered 42 41"]);
  });

  it("of a chat in which there is nothing are sent, once", () => {
    const stage = Stage.online();
    const read = () => stage.handle({ type: "mark", event_type: "read", chat_id: CHAT });
    expect(stage.read(read()).map((one) => StatusEvent.fromProtocol(one).seq)).toEqual([0]);
    expect(stage.read(read())).toEqual([]);
  });

  it("of a chat that goes back no further than they are stay as they are", () => {
    const stage = Stage.online({ cursors: [[CHAT, 50]] });
    for (const [chat_id, seq] of [
      [CHAT, 40],
      [43, 41],
    ] as const)
      stage.handle({ type: "mark", event_type: "read", chat_id, seq });
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    stage.connect();
    expect(types(stage, stage.list({ after: 50, through: 40 }))).toEqual(["resume"]);
  });

  it("that are none are refused, and hurt no other", () => {
    const stage = Stage.online();
    stage.handle({ type: "closed", code: 1006 });
    stage.handle({ type: "mark", event_type: "read", chat_id: CHAT, seq: 3 });
    for (const bad of [{ seq: Number.NaN }, { seq: -1 }, { seq: 0.5 }, { chat_id: 0 }]) {
      const mark = { type: "mark", event_type: "read", chat_id: CHAT, seq: 9, ...bad } as const;
      expect(() => stage.handle(mark)).toThrow(ValidationError);
    }
    stage.now += 60;
    const sent = stage.read(stage.connect()).filter(({ type }) => type === "status");
    expect(sent.map((one) => StatusEvent.fromProtocol(one).seq)).toEqual([3]);
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
});
