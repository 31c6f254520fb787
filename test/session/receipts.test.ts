import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, StatusEvent, ValidationError } from "../../src/index.js";
import type { SessionAction } from "../../src/session/index.js";
import { ALICE, CHAT, fromBob, notices, only, SessionFixture, types } from "./fixture.js";

describe("receipts", () => {
  it("never go back, and are sent again on a new connection", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(1));
    fixture.receive(ChatMessage, fromBob(2));
    const read = (seq?: number) =>
      fixture
        .read(
          fixture.handle({
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
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    const again = fixture.read(fixture.connect()).filter(({ type }) => type === "status");
    expect(again.map((one) => StatusEvent.fromProtocol(one))).toMatchObject([
      { event_type: "read", seq: 2, user_id: ALICE },
    ]);
  });

  it("are sent again with their newest seq after the retry_after of the server", () => {
    const fixture = SessionFixture.online();
    const seqs = (actions: SessionAction[]) =>
      fixture
        .read(actions)
        .filter(({ type }) => type === "status")
        .map((one) => StatusEvent.fromProtocol(one).seq);
    const read = (seq: number) =>
      fixture.handle({ type: "mark", event_type: "read", chat_id: CHAT, seq });
    const reject = (error_code: string, more = {}) => {
      const details = { mark: "read", chat_id: CHAT, retry_after: 5, ...more };
      return fixture.receive(ErrorResponse, { error_code, error_message: "", details });
    };
    expect(seqs(read(2))).toEqual([2]);
    const rejected = reject("ERR_UNAVAILABLE");
    expect(notices(rejected)).toEqual([]);
    expect(only(rejected, "wake").at(-1)!.at - fixture.now).toBeCloseTo(5);
    expect(seqs([...read(3), ...fixture.pass(4.9)]), "a newer receipt waits too").toEqual([]);
    expect(seqs(fixture.pass(0.1))).toEqual([3]);
    expect(seqs(fixture.pass(10))).toEqual([]);
    expect(notices(reject("ERR_FORBIDDEN"))).toMatchObject([{ type: "error" }]);
    for (const other of [{ mark: "delivered" }, { chat_id: 43 }, { mark: undefined }]) {
      expect(notices(reject("ERR_UNAVAILABLE", other))).toMatchObject([{ type: "error" }]);
    }
    expect(seqs(fixture.pass(10))).toEqual([]);
  });

  it("of a rewound chat are lowered to its last seq, so that the server does not reject them", () => {
    const fixture = SessionFixture.online({ cursors: [[CHAT, 50]], capabilities: ["delivered"] });
    const marks = (actions: SessionAction[]) =>
      fixture
        .read(actions)
        .filter(({ type }) => type === "status")
        .map((one) => StatusEvent.fromProtocol(one))
        .map(({ event_type, chat_id, seq }) => `${event_type} ${chat_id} ${seq}`);
    fixture.handle({ type: "mark", event_type: "read", chat_id: 43, seq: 60 });
    fixture.receive(ChatMessage, fromBob(51));
    expect(marks(fixture.handle({ type: "mark", event_type: "read", chat_id: CHAT }))).toEqual([
      "read 42 51",
    ]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(marks(fixture.connect())).toEqual(["read 43 60", "delivered 42 51", "read 42 51"]);
    const lowered = ["delivered 42 40", "read 42 40"];
    expect(marks(fixture.list({ after: 51, through: 40 }))).toEqual(lowered);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(marks(fixture.connect()).sort()).toEqual(["read 43 60", ...lowered].sort());
    expect(marks(fixture.receive(ChatMessage, fromBob(41)))).toEqual(["delivered 42 41"]);
  });

  it("of an empty chat are sent once", () => {
    const fixture = SessionFixture.online();
    const read = () => fixture.handle({ type: "mark", event_type: "read", chat_id: CHAT });
    expect(fixture.read(read()).map((one) => StatusEvent.fromProtocol(one).seq)).toEqual([0]);
    expect(fixture.read(read())).toEqual([]);
  });

  it("below the last seq of a rewound chat do not change", () => {
    const fixture = SessionFixture.online({ cursors: [[CHAT, 50]] });
    for (const [chat_id, seq] of [
      [CHAT, 40],
      [43, 41],
    ] as const)
      fixture.handle({ type: "mark", event_type: "read", chat_id, seq });
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    fixture.connect();
    expect(types(fixture, fixture.list({ after: 50, through: 40 }))).toEqual(["resume"]);
  });

  it("that are invalid are rejected and do not affect others", () => {
    const fixture = SessionFixture.online();
    fixture.handle({ type: "closed", code: 1006 });
    fixture.handle({ type: "mark", event_type: "read", chat_id: CHAT, seq: 3 });
    for (const bad of [{ seq: Number.NaN }, { seq: -1 }, { seq: 0.5 }, { chat_id: 0 }]) {
      const mark = { type: "mark", event_type: "read", chat_id: CHAT, seq: 9, ...bad } as const;
      expect(() => fixture.handle(mark)).toThrow(ValidationError);
    }
    fixture.now += 60;
    const sent = fixture.read(fixture.connect()).filter(({ type }) => type === "status");
    expect(sent.map((one) => StatusEvent.fromProtocol(one).seq)).toEqual([3]);
  });

  it("of the kind delivered are sent if both ends support them", () => {
    const both = SessionFixture.online({ capabilities: ["delivered"] });
    const marks = both.read(both.receive(ChatMessage, fromBob(1)));
    expect(marks.map((one) => StatusEvent.fromProtocol(one))).toMatchObject([
      { event_type: "delivered", seq: 1, chat_id: CHAT },
    ]);
    const one = SessionFixture.online();
    expect(one.read(one.receive(ChatMessage, fromBob(1)))).toEqual([]);
  });

  it("are not used for typing, which is sent immediately or not at all", () => {
    const fixture = SessionFixture.online();
    expect(
      types(fixture, fixture.handle({ type: "mark", event_type: "typing", chat_id: CHAT })),
    ).toEqual(["status"]);
    const offline = new SessionFixture();
    offline.handle({ type: "mark", event_type: "typing", chat_id: CHAT });
    expect(offline.read(offline.connect()).map(({ type }) => type)).toEqual(["resume"]);
  });
});
