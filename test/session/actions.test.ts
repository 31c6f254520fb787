import { describe, expect, it } from "vitest";
import { ChatMessage } from "../../src/index.js";
import type { SessionAction, SessionEvent } from "../../src/session/index.js";
import { fromAlice, fromBob, only, Stage, types } from "./stage.js";

describe("what a session wants done about an event", () => {
  it("stays as it was when the next event comes", () => {
    const stage = Stage.online();
    const first = stage.receive(ChatMessage, fromBob(1));
    const before = [...first];
    const second = stage.handle({ type: "send", message: fromAlice(1) });
    stage.handle({ type: "closed", code: 1006 });
    expect(first).toEqual(before);
    expect(only(first, "persist")).toEqual([]);
    expect(only(second, "deliver")).toEqual([]);
  });

  it("may be interrupted by an event that comes of it: nothing is done twice, or left out, and the wake is right", () => {
    const stage = Stage.online();
    const performed: SessionAction[] = [];
    /** A loop whose application answers a message while it is told of it, and whose disk is at once. */
    function perform(actions: readonly SessionAction[]): void {
      for (const action of actions) {
        performed.push(action);
        const said = answerTo(action);
        if (said !== undefined) perform(stage.handle(said));
      }
    }
    function answerTo(action: SessionAction): SessionEvent | undefined {
      if (action.type === "persist") return { type: "stored", client_id: action.message.client_id };
      if (action.type !== "deliver" || action.notice.type !== "message") return undefined;
      return { type: "send", message: fromAlice(action.notice.message.seq!) };
    }
    stage.receive(ChatMessage, fromBob(2));
    perform(stage.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] }));
    expect(only(performed, "persist")).toHaveLength(2);
    expect(only(performed, "cursor")).toHaveLength(1);
    expect(types(stage, performed)).toEqual(["message"]);
    expect(only(performed, "wake").at(-1)!.at - stage.now).toBeCloseTo(10);
  });

  it("is known at once where it throws: the next event is taken as if nothing was said", () => {
    const stage = Stage.online();
    expect(() => stage.handle({ type: "follow", chat_id: -1 })).toThrow("resume");
    expect(() => stage.handle({ type: "mark", event_type: "typing", chat_id: -1 })).toThrow(
      "status",
    );
    expect(types(stage, stage.send(fromAlice(1)))).toEqual(["message"]);
    expect(only(stage.ack(fromAlice(1), 1), "deliver")).toHaveLength(1);
  });
});
