import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse } from "../../../src/index.js";
import {
  CHAT,
  delivered,
  fromAlice,
  fromBob,
  notices,
  only,
  SessionFixture,
  types,
} from "../fixture.js";

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
    expect(delivered(fixture.receive(ChatMessage, fromBob(1)))).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });
});
