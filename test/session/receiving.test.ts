import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, Heartbeat } from "../../src/index.js";
import type { SessionAction } from "../../src/session/index.js";
import { CHAT, delivered, fromAlice, fromBob, notices, only, SessionFixture } from "./fixture.js";

describe("a received message", () => {
  it("is delivered in order, followed by its cursor", () => {
    const fixture = SessionFixture.online();
    const actions = fixture.receive(ChatMessage, fromBob(1));
    expect(actions).toMatchObject([
      { type: "wake" },
      { type: "deliver" },
      { type: "cursor", chat_id: CHAT, from: 0, seq: 1 },
    ]);
  });

  it("with a client id that the user also used is another message", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.ack(fromAlice(1), 1);
    const { client_id } = fromAlice(1);
    expect(delivered(fixture.receive(ChatMessage, fromBob(2, { client_id })))).toEqual([2]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(3, { client_id })))).toEqual([]);
  });

  it("is buffered until the missing ones before it arrive, which are requested once", () => {
    const fixture = SessionFixture.online();
    const early = fixture.receive(ChatMessage, fromBob(3));
    expect(delivered(early)).toEqual([]);
    expect(fixture.resumes(early)).toEqual([{ chat_id: CHAT, after: 0, limit: 500 }]);
    expect(fixture.resumes(fixture.receive(ChatMessage, fromBob(4)))).toEqual([]);
    const caughtUp = fixture.list({
      after: 0,
      through: 4,
      messages: [fromBob(1), fromBob(2), fromBob(3), fromBob(4)],
    });
    expect(delivered(caughtUp)).toEqual([1, 2, 3, 4]);
    expect(only(caughtUp, "cursor").at(-1)).toMatchObject({ seq: 4 });
  });

  it("may arrive before the answer to a resume", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(3));
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    expect(
      delivered(fixture.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] })),
    ).toEqual([2, 3]);
  });

  it("does not end a resume, which is sent again until it is answered", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(2));
    expect(fixture.resumes(fixture.receive(ChatMessage, fromBob(1)))).toEqual([]);
    fixture.now += 10;
    expect(fixture.resumes(fixture.handle({ type: "tick" }))).toMatchObject([{ after: 2 }]);
  });

  it("ends a postponed resume if nothing is missing any more", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(2));
    const details = { resume: CHAT, retry_after: 5 };
    fixture.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    fixture.receive(ChatMessage, fromBob(1));
    fixture.now += 5;
    expect(fixture.resumes(fixture.handle({ type: "tick" }))).toEqual([]);
  });

  it("that was deleted leaves no gap", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(5));
    const actions = fixture.list({ after: 0, through: 5, messages: [fromBob(2), fromBob(5)] });
    expect(delivered(actions)).toEqual([2, 5]);
    expect(notices(actions).filter(({ type }) => type === "gap")).toEqual([]);
  });

  it("may be part of several pages", () => {
    const fixture = new SessionFixture();
    expect(fixture.resumes(fixture.connect())).toEqual([{ chat_id: CHAT, after: 0, limit: 500 }]);
    const first = fixture.list({
      after: 0,
      through: 2,
      messages: [fromBob(1), fromBob(2)],
      has_more: true,
    });
    expect(fixture.resumes(first)).toEqual([{ chat_id: CHAT, after: 2, limit: 500 }]);
    expect(fixture.resumes(fixture.list({ after: 2, through: 3, messages: [fromBob(3)] }))).toEqual(
      [],
    );
  });

  it("of an unknown chat starts a resume from the first message", () => {
    const fixture = SessionFixture.online({ cursors: [] });
    expect(fixture.resumes(fixture.receive(ChatMessage, fromBob(2, { chat_id: 99 })))).toEqual([
      { chat_id: 99, after: 0, limit: 500 },
    ]);
    expect(fixture.resumes(fixture.handle({ type: "follow", chat_id: 100 }))).toEqual([
      { chat_id: 100, after: 0, limit: 500 },
    ]);
    expect(fixture.resumes(fixture.handle({ type: "follow", chat_id: 100 }))).toEqual([]);
  });

  it("of an unknown chat is requested after the acknowledgement of an own message", () => {
    const fixture = SessionFixture.online({ cursors: [] });
    fixture.send(fromAlice(1));
    expect(fixture.resumes(fixture.ack(fromAlice(1), 7))).toEqual([
      { chat_id: CHAT, after: 0, limit: 500 },
    ]);
    const own = { ...fromAlice(1), seq: 7 };
    expect(delivered(fixture.list({ after: 0, through: 7, messages: [fromBob(6), own] }))).toEqual([
      6,
    ]);
  });

  it("of a chat that was followed offline is requested on the next connection", () => {
    const fixture = new SessionFixture({ cursors: [] });
    fixture.handle({ type: "follow", chat_id: 9 });
    expect(fixture.resumes(fixture.connect())).toMatchObject([{ chat_id: 9, after: 0 }]);
  });

  it("without a seq is delivered once, immediately", () => {
    const fixture = SessionFixture.online();
    const { client_id: _, ...anonymous } = fromBob(undefined);
    expect(delivered(fixture.receive(ChatMessage, anonymous))).toEqual([undefined]);
    expect(delivered(fixture.receive(ChatMessage, anonymous))).toEqual([]);
    expect(
      delivered(fixture.receive(ChatMessage, { ...anonymous, nonce: fromBob(9).nonce })),
    ).toEqual([undefined]);
  });
});

describe("caught_up is emitted", () => {
  const caughtUp = (actions: SessionAction[]) =>
    notices(actions).filter(({ type }) => type === "caught_up");

  it("after the messages and the cursor of the last page", () => {
    const fixture = new SessionFixture();
    expect(caughtUp(fixture.connect())).toEqual([]);
    const page = fixture.list({ after: 0, through: 1, messages: [fromBob(1)], has_more: true });
    expect(caughtUp(page)).toEqual([]);
    const last = fixture.list({ after: 1, through: 3, messages: [fromBob(2)] });
    expect(last.slice(-3)).toMatchObject([
      { notice: { type: "message" } },
      { type: "cursor", seq: 3 },
      { notice: { type: "caught_up", chat_id: CHAT, seq: 3 } },
    ]);
  });

  it("on each connection, and after each later resume", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    expect(caughtUp(fixture.list({ after: 0, through: 0 }))).toHaveLength(1);
    fixture.receive(ChatMessage, fromBob(2));
    const again = fixture.list({ after: 0, through: 2, messages: [fromBob(1), fromBob(2)] });
    expect(delivered(again)).toEqual([1, 2]);
    expect(caughtUp(again)).toEqual([{ type: "caught_up", chat_id: CHAT, seq: 2 }]);
    expect(caughtUp(fixture.receive(ChatMessage, fromBob(3)))).toEqual([]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    fixture.connect();
    expect(caughtUp(fixture.list({ after: 3, through: 3 }))).toEqual([
      { type: "caught_up", chat_id: CHAT, seq: 3 },
    ]);
  });

  it("not while a message is buffered", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    fixture.receive(ChatMessage, fromBob(5));
    expect(caughtUp(fixture.list({ after: 0, through: 3, messages: [fromBob(3)] }))).toEqual([]);
    const rest = fixture.list({ after: 3, through: 5, messages: [fromBob(4), fromBob(5)] });
    expect(caughtUp(rest)).toMatchObject([{ seq: 5 }]);
  });

  it("after a gap", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    fixture.receive(ChatMessage, fromBob(5));
    for (const delay of [1, 4]) {
      fixture.list({ after: 0, through: 0 });
      fixture.pass(delay);
    }
    const actions = notices(fixture.list({ after: 0, through: 0 }));
    expect(actions.map(({ type }) => type)).toEqual(["gap", "message", "caught_up"]);
  });

  it("after another resume for a rewound chat, because messages may have been dropped meanwhile", () => {
    const fixture = new SessionFixture({ cursors: [[CHAT, 50]] });
    fixture.connect();
    fixture.receive(ChatMessage, fromBob(41));
    const back = fixture.list({ after: 50, through: 40 });
    expect(caughtUp(back)).toEqual([]);
    expect(fixture.resumes(back)).toMatchObject([{ after: 40 }]);
    const rest = fixture.list({ after: 40, through: 41, messages: [fromBob(41)] });
    expect(delivered(rest)).toEqual([41]);
    expect(caughtUp(rest)).toMatchObject([{ seq: 41 }]);
  });

  it("for 16 chats at a time", () => {
    const chats = Array.from({ length: 17 }, (_, at) => at + 1);
    const fixture = new SessionFixture({ cursors: chats.map((chat_id) => [chat_id, 0]) });
    expect(fixture.resumes(fixture.connect())).toHaveLength(16);
    const next = fixture.resumes(fixture.list({ chat_id: 9, after: 0, through: 0 }));
    expect(next).toMatchObject([{ chat_id: 17 }]);
  });

  it("for the 17th chat after a second if the server postpones 16 chats by an hour", () => {
    const chats = Array.from({ length: 17 }, (_, at) => at + 1);
    const fixture = new SessionFixture({ cursors: chats.map((chat_id) => [chat_id, 0]) });
    const resumes = fixture.resumes(fixture.connect());
    for (const { chat_id } of resumes) {
      const details = { resume: chat_id, retry_after: 3600 };
      const rejection = { error_code: "ERR_UNAVAILABLE", error_message: "", details };
      expect(fixture.resumes(fixture.receive(ErrorResponse, rejection))).toEqual([]);
    }
    expect(fixture.resumes(fixture.pass(0.9))).toEqual([]);
    expect(fixture.resumes(fixture.pass(0.1))).toMatchObject([{ chat_id: 17 }]);
    fixture.list({ chat_id: 17, after: 0, through: 0 });
    for (let minute = 1; minute < 60; minute++) {
      fixture.receive(Heartbeat, { sent_at: fixture.now });
      expect(fixture.resumes(fixture.pass(60))).toEqual([]);
    }
    fixture.receive(Heartbeat, { sent_at: fixture.now });
    expect(fixture.resumes(fixture.pass(59))).toHaveLength(16);
  });

  it("for other chats while one chat is postponed", () => {
    const fixture = new SessionFixture({
      cursors: [
        [1, 0],
        [2, 0],
      ],
    });
    fixture.connect();
    const details = { resume: 1, retry_after: 20 };
    fixture.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    expect(caughtUp(fixture.list({ chat_id: 2, after: 0, through: 0 }))).toHaveLength(1);
    fixture.now += 20;
    expect(fixture.resumes(fixture.handle({ type: "tick" }))).toMatchObject([{ chat_id: 1 }]);
  });
});
