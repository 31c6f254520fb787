import { describe, expect, it } from "vitest";
import { ChatMessage } from "../../src/index.js";
import type { SessionAction, SessionEvent } from "../../src/session/index.js";
import { fromAlice, fromBob, only, SessionFixture, types } from "./fixture.js";

describe("the actions of Session.handle", () => {
  it("are not changed by later events", () => {
    const fixture = SessionFixture.online();
    const first = fixture.receive(ChatMessage, fromBob(1));
    const before = [...first];
    const second = fixture.handle({ type: "send", message: fromAlice(1) });
    fixture.handle({ type: "closed", code: 1006 });
    expect(first).toEqual(before);
    expect(only(first, "persist")).toEqual([]);
    expect(only(second, "deliver")).toEqual([]);
  });

  it("may be performed with nested events: each action runs once and the last wake is valid", () => {
    const fixture = SessionFixture.online();
    const performed: SessionAction[] = [];
    /** Performs actions with an application that replies inside the notice of a message, and storage that is synchronous. */
    function perform(actions: readonly SessionAction[]): void {
      for (const action of actions) {
        performed.push(action);
        const reaction = answerTo(action);
        if (reaction !== undefined) perform(fixture.handle(reaction));
      }
    }
    function answerTo(action: SessionAction): SessionEvent | undefined {
      if (action.type === "persist") return { type: "stored", client_id: action.message.client_id };
      if (action.type !== "deliver" || action.notice.type !== "message") return undefined;
      return { type: "send", message: fromAlice(action.notice.message.seq!) };
    }
    fixture.receive(ChatMessage, fromBob(2));
    perform(fixture.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] }));
    expect(only(performed, "persist")).toHaveLength(2);
    expect(only(performed, "cursor")).toHaveLength(1);
    expect(types(fixture, performed)).toEqual(["message"]);
    expect(only(performed, "wake").at(-1)!.at - fixture.now).toBeCloseTo(10);
  });

  it("are unaffected by an earlier event that was invalid", () => {
    const fixture = SessionFixture.online();
    expect(() => fixture.handle({ type: "follow", chat_id: -1 })).toThrow("resume");
    expect(() => fixture.handle({ type: "mark", event_type: "typing", chat_id: -1 })).toThrow(
      "status",
    );
    expect(types(fixture, fixture.send(fromAlice(1)))).toEqual(["message"]);
    expect(only(fixture.ack(fromAlice(1), 1), "deliver")).toHaveLength(1);
  });
});

it("rejects an event of an unknown type, and goes on", () => {
  const fixture = SessionFixture.online();
  const unknown = { type: "hologram", data: 1 } as never;
  expect(() => fixture.handle(unknown)).toThrow("event.type: is not the type of an event");
  expect(fixture.handle({ type: "tick" }).map(({ type }) => type)).toEqual(["wake"]);
});
