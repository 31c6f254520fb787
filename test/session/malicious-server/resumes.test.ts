import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { Ack, ChatMessage, defineMessage, ErrorResponse } from "../../../src/index.js";
import { CLOSE } from "../../../src/session/index.js";
import { NOW } from "../../support/examples.js";
import { CHAT, delivered, fromAlice, fromBob, notices, only, SessionFixture } from "../fixture.js";

/** Defines a message of a type with any payload. */
const anything = (type: string) => defineMessage(type, z.looseObject({}));

describe("with a malicious server, a session", () => {
  it.each([
    ["for another resume", { after: 7, through: 9 }],
    ["of another chat", { chat_id: 43, after: 0, through: 1 }],
    ["without a chat", { chat_id: undefined, after: 0, through: 1 }],
    ["without bounds", {}],
    ["without an end", { after: 0 }],
    ["out of order", { after: 0, through: 2, messages: [fromBob(2), fromBob(1)] }],
    ["with a repeated message", { after: 0, through: 2, messages: [fromBob(1), fromBob(1)] }],
    ["past its end", { after: 0, through: 1, messages: [fromBob(2)] }],
    ["without seqs", { after: 0, through: 1, messages: [fromBob(undefined)] }],
    [
      "with a message of another chat",
      { after: 0, through: 1, messages: [fromBob(1, { chat_id: 43 })] },
    ],
    ["without progress", { after: 0, through: 0, has_more: true }],
  ])("rejects an answer to a resume %s", (_, list) => {
    const fixture = new SessionFixture();
    fixture.connect();
    const actions = fixture.list(list as never);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "list" }]);
    expect(delivered(actions)).toEqual([]);
  });

  it("reports a gap after three resumes without progress, and continues the chat", () => {
    const fixture = SessionFixture.online();
    let actions = fixture.receive(ChatMessage, fromBob(5));
    for (const delay of [1, 4]) {
      expect(fixture.resumes(actions)).toHaveLength(1);
      const answered = fixture.list({ after: 0, through: 0 });
      expect(notices(answered)).toEqual([]);
      expect(fixture.resumes([...answered, ...fixture.pass(delay - 0.1)])).toEqual([]);
      actions = fixture.pass(0.1);
    }
    expect(fixture.resumes(actions)).toHaveLength(1);
    actions = fixture.receive(ErrorResponse, {
      error_code: "ERR_INTERNAL",
      error_message: "",
      details: { resume: CHAT },
    });
    expect(notices(actions)).toMatchObject([
      { type: "gap", chat_id: CHAT, after: 0, through: 4 },
      { type: "message" },
    ]);
    expect(fixture.resumes(actions)).toEqual([]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(6)))).toEqual([6]);
    actions = fixture.receive(ChatMessage, fromBob(8));
    for (const delay of [1, 4]) {
      expect(fixture.resumes(actions)).toHaveLength(1);
      const answered = fixture.list({ after: 6, through: 6 });
      expect(notices(answered), "the next gap also gets three resumes").toEqual([]);
      actions = fixture.pass(delay);
    }
  });

  it("continues to send resumes while each makes progress", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(9));
    for (let after = 0; after < 7; after++) {
      const list = { after, through: after + 1, messages: [fromBob(after + 1)] };
      expect(notices(fixture.list(list))).toMatchObject([{ type: "message" }]);
    }
  });

  it("sends at most ten resumes a second if the answers are almost empty", () => {
    const fixture = new SessionFixture();
    const countResumes = () => fixture.resumes(actions).length;
    let actions = fixture.connect();
    let sent = 0;
    for (let after = 0, second = 0; second < 60 && sent < 2000; ) {
      const isSent = countResumes() > 0;
      if (isSent) {
        sent += 1;
        actions = fixture.list({ after, through: after + 1, has_more: true });
        after += 1;
      } else {
        second += 0.05;
        actions = fixture.pass(0.05);
      }
    }
    expect(sent).toBeGreaterThan(600);
    expect(sent).toBeLessThanOrEqual(100 + 600 + 2);
  });

  it("sends the next resume immediately if the answers hold ten messages", () => {
    const fixture = new SessionFixture();
    let resumes = fixture.resumes(fixture.connect());
    for (let after = 0; after < 5000; after += 10) {
      expect(resumes).toMatchObject([{ after }]);
      const messages = Array.from({ length: 10 }, (_, at) => fromBob(after + at + 1));
      resumes = fixture.resumes(
        fixture.list({ after, through: after + 10, messages, has_more: true }),
      );
    }
  });

  it("reports two gaps one after the other", () => {
    const fixture = SessionFixture.online();
    for (const seq of [7, 5]) fixture.receive(ChatMessage, fromBob(seq));
    for (const delay of [1, 4]) {
      fixture.list({ after: 0, through: 0 });
      fixture.pass(delay);
    }
    const actions = fixture.list({ after: 0, through: 0 });
    expect(notices(actions)).toMatchObject([
      { type: "gap", chat_id: CHAT, after: 0, through: 4 },
      { type: "message", message: { seq: 5 } },
    ]);
    expect(fixture.resumes(actions)).toMatchObject([{ after: 5 }]);
  });

  it("closes the connection without a gap if resumes are not answered", () => {
    const fixture = new SessionFixture();
    let actions = fixture.connect();
    for (let asking = 0; asking < 3; asking++) {
      expect(fixture.resumes(actions)).toHaveLength(1);
      fixture.now += 10;
      actions = fixture.handle({ type: "tick" });
    }
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toMatchObject([{ type: "offline" }]);
  });

  it("reports a gap without an end if all resumes are rejected", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    const rejection = { error_code: "ERR_INTERNAL", error_message: "", details: { resume: CHAT } };
    for (const delay of [1, 4]) {
      fixture.receive(ErrorResponse, rejection);
      fixture.pass(delay);
    }
    expect(notices(fixture.receive(ErrorResponse, rejection))).toEqual([
      { type: "gap", chat_id: CHAT, after: 0 },
    ]);
    expect(notices(fixture.receive(ErrorResponse, rejection))).toMatchObject([{ type: "error" }]);
  });

  it("counts an invalid list as a failed resume and keeps the connection", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    const unreadable = { chat_id: CHAT, after: 0, messages: [{ content: "?" }] };
    const answer = () => fixture.receive(anything("message_list"), unreadable);
    expect(notices(answer())).toMatchObject([{ type: "refused", reason: "payload" }]);
    fixture.pass(1);
    answer();
    fixture.pass(4);
    expect(notices(answer())).toMatchObject([
      { type: "refused", reason: "payload" },
      { type: "gap", chat_id: CHAT, after: 0 },
    ]);
    fixture.now += 29;
    expect(only(fixture.handle({ type: "tick" }), "close")).toEqual([]);
  });

  it("does not count an invalid message as an answer", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    for (let time = 0; time < 3; time++) {
      const actions = fixture.receive(anything("message"), { chat_id: CHAT });
      expect(notices(actions)).toMatchObject([{ type: "refused", reason: "payload" }]);
    }
    expect(notices(fixture.list({ after: 0, through: 0 }))).toMatchObject([{ type: "caught_up" }]);
  });

  it("reports a chat whose last seq is lower than the cursor, and lowers the cursor", () => {
    const fixture = new SessionFixture({ cursors: [[CHAT, 50]] });
    expect(fixture.resumes(fixture.connect())).toMatchObject([{ after: 50 }]);
    const actions = fixture.list({ after: 50, through: 40 });
    expect(notices(actions)).toEqual([
      { type: "rewound", chat_id: CHAT, cursor: 50, last_seq: 40 },
    ]);
    expect(only(actions, "cursor")).toEqual([{ type: "cursor", chat_id: CHAT, from: 50, seq: 40 }]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(41)))).toEqual([41]);
  });

  it("delivers the messages after the last seq of a rewound chat again, if the server has them", () => {
    const fixture = SessionFixture.online();
    for (const seq of [1, 2, 3]) fixture.receive(ChatMessage, fromBob(seq));
    fixture.send(fromAlice(4));
    fixture.ack(fromAlice(4), 4);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(fixture.resumes(fixture.connect())).toMatchObject([{ after: 4 }]);
    expect(fixture.resumes(fixture.list({ after: 4, through: 2 }))).toMatchObject([{ after: 2 }]);
    const messages = [fromBob(3), { ...fromAlice(4), seq: 4 }, fromBob(5, { message_id: 2 })];
    const actions = fixture.list({ after: 2, through: 5, messages });
    expect(delivered(actions)).toEqual([3, 4]);
    expect(notices(actions)).toContainEqual({
      ...{ type: "refused", reason: "repeat", error: undefined },
    });
  });

  it("does not lower a cursor that moved after the resume was sent", () => {
    const fixture = new SessionFixture({ cursors: [[CHAT, 50]] });
    fixture.connect();
    expect(delivered(fixture.receive(ChatMessage, fromBob(51)))).toEqual([51]);
    expect(notices(fixture.list({ after: 50, through: 40 }))).toEqual([
      { type: "caught_up", chat_id: CHAT, seq: 51 },
    ]);
  });

  it("stops sending resumes if each answer lowers the last seq", () => {
    const fixture = new SessionFixture({ cursors: [[CHAT, 50]] });
    let after = fixture.resumes(fixture.connect())[0]!.after;
    for (let answers = 1; answers <= 3; answers++) {
      const actions = fixture.list({ after, through: after - 1 });
      expect(notices(actions)).toMatchObject([
        { type: "rewound", cursor: after, last_seq: after - 1 },
        ...(answers < 3 ? [] : [{ type: "gap", after: after - 1 }, { type: "caught_up" }]),
      ]);
      expect(fixture.resumes(actions)).toHaveLength(answers < 3 ? 1 : 0);
      after -= 1;
    }
  });

  it("recovers from a list with the largest possible seq", () => {
    const last = Number.MAX_SAFE_INTEGER;
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect();
    fixture.receive(ChatMessage, fromBob(last, { message_id: 3 }));
    const { client_id } = fromAlice(1);
    fixture.receive(Ack, { client_id, chat_id: CHAT, message_id: 1, seq: last, stored_at: NOW });
    expect(delivered(fixture.list({ after: 0, through: last }))).toEqual([]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(fixture.resumes(fixture.connect())).toMatchObject([{ after: last }]);
    const answer = fixture.list({ after: last, through: 1 });
    expect(notices(answer)).toMatchObject([{ type: "rewound", cursor: last, last_seq: 1 }]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(2)))).toEqual([2]);
  });
});
