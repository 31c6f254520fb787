import { describe, expect, it } from "vitest";
import { ChatMessage, StatusEvent } from "../../src/index.js";
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
