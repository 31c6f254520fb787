import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { Ack, ChatMessage, defineMessage, ErrorResponse } from "../../src/index.js";
import { acceptHello } from "../../src/server/index.js";
import { CLOSE } from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import {
  CHAT,
  delivered,
  fromAlice,
  fromBob,
  notices,
  offer,
  only,
  SESSION_KEY,
  SessionFixture,
  transmitted,
  types,
} from "./fixture.js";

/** Defines a message of a type with any payload. */
const anything = (type: string) => defineMessage(type, z.looseObject({}));

describe("with a malicious server, a session", () => {
  it("delivers a repeated message once", () => {
    const fixture = SessionFixture.online();
    fixture.receive(ChatMessage, fromBob(1));
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([]);
    const again = fixture.receive(ChatMessage, fromBob(2, { client_id: fromBob(1).client_id! }));
    expect(delivered(again)).toEqual([]);
    expect(notices(again)).toEqual([{ type: "refused", reason: "repeat", error: undefined }]);
  });

  it("delivers the first of two messages with the same seq", () => {
    const fixture = SessionFixture.online();
    const other = (seq: number) => fromBob(seq, { message_id: 100 + seq });
    fixture.receive(ChatMessage, fromBob(1));
    const behind = fixture.receive(ChatMessage, other(1));
    expect([delivered(behind), fixture.resumes(behind)]).toEqual([[], []]);
    fixture.receive(ChatMessage, fromBob(3));
    expect(delivered(fixture.receive(ChatMessage, fromBob(2)))).toEqual([2, 3]);
    const list = { after: 1, through: 4, messages: [other(2), other(3), fromBob(4)] };
    expect(delivered(fixture.list(list))).toEqual([4]);
    fixture.receive(ChatMessage, fromBob(6));
    fixture.receive(ChatMessage, other(6));
    const [, sixth] = notices(fixture.receive(ChatMessage, fromBob(5)));
    expect(sixth).toMatchObject({ message: { client_id: fromBob(6).client_id } });
  });

  it("follows at most 1,000 chats that only the server names", () => {
    const fixture = SessionFixture.online();
    const from = (chat_id: number) => fromBob(1, { chat_id, message_id: chat_id });
    for (let number = 1; number <= 1000; number++) {
      expect(delivered(fixture.receive(ChatMessage, from(1000 + number)))).toEqual([1]);
    }
    const tooMany = fixture.receive(ChatMessage, from(3000));
    expect(notices(tooMany)).toEqual([{ type: "refused", reason: "chat", error: undefined }]);
    expect(fixture.resumes(tooMany)).toEqual([]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1]);
    expect(delivered(fixture.receive(ChatMessage, from(1001)))).toEqual([]);
    const second = fromBob(2, { chat_id: 1001, message_id: 9001 });
    expect(
      delivered(fixture.receive(ChatMessage, second)),
      "known chats still receive messages",
    ).toEqual([2]);

    // Chats that the application follows do not count.
    fixture.handle({ type: "follow", chat_id: 3000 });
    expect(delivered(fixture.receive(ChatMessage, from(3000)))).toEqual([1]);
    fixture.send(fromAlice(1, 3001));
    fixture.ack(fromAlice(1, 3001), 1);
    const answer = fromBob(2, { chat_id: 3001, message_id: 9002 });
    expect(delivered(fixture.receive(ChatMessage, answer))).toEqual([2]);
    fixture.handle({ type: "follow", chat_id: 1001 });
    expect(delivered(fixture.receive(ChatMessage, from(3002)))).toEqual([1]);
    expect(notices(fixture.receive(ChatMessage, from(3003)))).toMatchObject([{ reason: "chat" }]);

    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    fixture.connect();
    expect(notices(fixture.receive(ChatMessage, from(3003)))).toMatchObject([{ reason: "chat" }]);
  });

  it("buffers a repeated message once", () => {
    const fixture = SessionFixture.online();
    const content = new Uint8Array(700_000);
    for (let time = 0; time < 20; time++) fixture.receive(ChatMessage, fromBob(2, { content }));
    fixture.receive(ChatMessage, fromBob(3, { content }));
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1, 2, 3]);
  });

  it("rejects an acknowledgement of an unsent message or of another chat", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    expect(notices(fixture.ack(fromAlice(2), 1))).toMatchObject([
      { type: "refused", reason: "ack" },
    ]);
    expect(notices(fixture.ack({ ...fromAlice(1), chat_id: 43 }, 1))).toMatchObject([
      { reason: "ack" },
    ]);
    expect(notices(fixture.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent" }]);
  });

  it("keeps a queued message that the server acknowledges or rejects too early", () => {
    const fixture = SessionFixture.online();
    fixture.send(fromAlice(1));
    fixture.send(fromAlice(2));
    fixture.handle({ type: "send", message: fromAlice(3, 43) });
    for (const unsent of [fromAlice(2), fromAlice(3, 43)]) {
      const acknowledged = fixture.ack(unsent, 1);
      expect(notices(acknowledged)).toMatchObject([{ type: "refused", reason: "ack" }]);
      const details = { client_id: unsent.client_id };
      for (const error_code of ["ERR_FORBIDDEN", "ERR_RATE_LIMITED"]) {
        const rejected = fixture.receive(ErrorResponse, { error_code, error_message: "", details });
        expect(notices(rejected)).toMatchObject([{ type: "error" }]);
        expect(only([...acknowledged, ...rejected], "forget")).toEqual([]);
      }
    }
    expect(types(fixture, fixture.ack(fromAlice(1), 1))).toEqual(["message"]);
    const stored = fixture.handle({ type: "stored", client_id: fromAlice(3).client_id });
    expect(types(fixture, stored)).toEqual(["message"]);
  });

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
    const received = () => fixture.resumes(actions).length;
    let actions = fixture.connect();
    let asked = 0;
    for (let after = 0, second = 0; second < 60 && asked < 2000; ) {
      const isAsked = received() > 0;
      if (isAsked) {
        asked += 1;
        actions = fixture.list({ after, through: after + 1, has_more: true });
        after += 1;
      } else {
        second += 0.05;
        actions = fixture.pass(0.05);
      }
    }
    expect(asked).toBeGreaterThan(600);
    expect(asked).toBeLessThanOrEqual(100 + 600 + 2);
  });

  it("sends the next resume immediately if the answers hold ten messages", () => {
    const fixture = new SessionFixture();
    let asked = fixture.resumes(fixture.connect());
    for (let after = 0; after < 5000; after += 10) {
      expect(asked).toMatchObject([{ after }]);
      const messages = Array.from({ length: 10 }, (_, at) => fromBob(after + at + 1));
      asked = fixture.resumes(
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
    const honest = fixture.list({ after: last, through: 1 });
    expect(notices(honest)).toMatchObject([{ type: "rewound", cursor: last, last_seq: 1 }]);
    expect(delivered(fixture.receive(ChatMessage, fromBob(2)))).toEqual([2]);
  });

  it("delivers a list of 1,000 messages although it requested 100", () => {
    const fixture = new SessionFixture();
    fixture.connect();
    const messages = Array.from({ length: 1000 }, (_, at) => fromBob(at + 1));
    const actions = fixture.list({ after: 0, through: 1000, messages });
    expect(delivered(actions)).toHaveLength(1000);
    expect(only(actions, "cursor")).toEqual([
      { type: "cursor", chat_id: CHAT, from: 0, seq: 1000 },
    ]);
    const twice = [...messages, ...messages].map((message) => ({ ...message }));
    fixture.receive(ChatMessage, fromBob(1002));
    expect(
      delivered(fixture.list({ after: 1000, through: 1000, messages: twice.slice(0, 1000) })),
    ).toEqual([]);
  });

  it("buffers at most 8 MiB and requests the rest again", () => {
    const chats = Array.from({ length: 15 }, (_, at) => at + 1);
    const fixture = SessionFixture.online({ cursors: chats.map((chat_id) => [chat_id, 0]) });
    const content = new Uint8Array(700_000);
    const receive = (chat_id: number, seq: number) =>
      delivered(
        fixture.receive(
          ChatMessage,
          fromBob(seq, { chat_id, message_id: 2 * chat_id + seq, content }),
        ),
      );
    for (const chat_id of chats) expect(receive(chat_id, 2)).toEqual([]);
    const released = chats.map((chat_id) => receive(chat_id, 1));
    expect(released.filter((seqs) => seqs.length === 2)).toHaveLength(11);
    expect(released.filter((seqs) => seqs.length === 1)).toHaveLength(4);
    for (const chat_id of chats.slice(0, 11)) expect(receive(chat_id, 4)).toEqual([]);
    expect(receive(1, 3)).toEqual([3, 4]);
    const messages = [1, 2].map((seq) => fromBob(seq, { chat_id: 15, message_id: 30 + seq }));
    expect(delivered(fixture.list({ chat_id: 15, after: 0, through: 2, messages }))).toEqual([2]);
  });
});

it.each([
  [523_776, 16],
  [523_777, 15],
])("buffers messages of %d bytes plus 512 bytes each: %d of them", (bytes, number) => {
  const fixture = SessionFixture.online();
  for (let seq = 2; seq <= 17; seq++) {
    const content = new Uint8Array(seq === 17 ? bytes : 523_776);
    fixture.receive(ChatMessage, fromBob(seq, { content }));
  }
  expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toHaveLength(1 + number);
});

it("drops the buffered messages of the previous connection", () => {
  const content = new Uint8Array(700_000);
  const fixture = SessionFixture.online();
  for (let connection = 1; connection <= 3; connection++) {
    const ahead = Array.from({ length: 8 }, (_, at) => fromBob(at + 2, { content }));
    for (const message of ahead) fixture.receive(ChatMessage, message);
    if (connection === 3) break;
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    fixture.connect();
  }
  expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe("a time that the server names", () => {
  const HOUR = 3600;

  it.each([
    ["text", "soon", 1],
    ["a number as text", "60", 1],
    ["a negative number", -5, 1],
    ["zero", 0, 1],
    ["almost zero", 1e-300, 0.1],
    ["a minute", 60, 60],
    ["almost infinity", 1e308, HOUR],
  ])("is limited for a retry_after of %s", (_, retry_after, seconds) => {
    const fixture = new SessionFixture({ outbox: [fromAlice(1)] });
    fixture.connect({ ...offer, heartbeat: HOUR });
    for (const subject of [{ client_id: fromAlice(1).client_id }, { resume: CHAT }]) {
      const details = { ...subject, retry_after };
      fixture.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    }
    const soon = Math.min(1, seconds / 2);
    const early = [...fixture.pass(soon), ...fixture.pass(seconds * 0.999 - soon)];
    expect(types(fixture, early)).toEqual([]);
    expect(types(fixture, fixture.pass(seconds * 0.001))).toEqual(
      expect.arrayContaining(["message", "resume"]),
    );
  });

  it.each([1e-300, 1e300])("is limited for a heartbeat of %d s", (heartbeat) => {
    const fixture = new SessionFixture({ cursors: [] });
    const [wake] = only(fixture.connect({ ...offer, heartbeat }), "wake").slice(-1);
    expect(wake!.at - fixture.now).toBeCloseTo(heartbeat < 1 ? 0.1 : HOUR);
  });
});

describe("a server's time", () => {
  const welcomedAt = (serverTime: number) => {
    const fixture = new SessionFixture();
    fixture.handle({ type: "tick" });
    const [hello] = transmitted(fixture.handle({ type: "connected" }));
    const { frame } = acceptHello(hello, SESSION_KEY, offer, serverTime);
    return fixture.handle({ type: "frame", data: frame });
  };

  it.each([-1, -1e-6, 4_320_000_000_000, 1e300])("of %d s is rejected", (serverTime) => {
    const actions = welcomedAt(serverTime);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "welcome" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  });

  it.each([0, 4_319_999_999_999])("of %d s is valid", (serverTime) => {
    expect(notices(welcomedAt(serverTime))).toMatchObject([{ type: "online" }]);
  });
});
