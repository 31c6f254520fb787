import { describe, expect, it } from "vitest";
import { type ChatMessage, MessageListResponse, SigningKey } from "../../src/index.js";
import {
  answerResume,
  messageDigest,
  messagesThatFit,
  statusErrorCode,
} from "../../src/server/index.js";
import { ALICE, BOB, CHAT, fromBob, SessionFixture } from "../session/fixture.js";
import { NOW } from "../support/examples.js";

describe("statusErrorCode", () => {
  it("returns the error code of an invalid status, and undefined for a valid one", () => {
    const receipt = {
      event_type: "read",
      user_id: BOB,
      chat_id: CHAT,
      seq: 3,
      timestamp: NOW,
    } as const;
    expect(statusErrorCode(receipt, { user_id: BOB, last_seq: 3 })).toBeUndefined();
    expect(statusErrorCode(receipt, { user_id: BOB, last_seq: 2 })).toBe("ERR_SEQ_AHEAD");
    expect(statusErrorCode(receipt, { user_id: ALICE, last_seq: 3 })).toBe("ERR_FORBIDDEN");
    const { seq: _, ...without } = receipt;
    expect(statusErrorCode(without, { user_id: BOB, last_seq: 0 })).toBeUndefined();
    for (const event_type of ["user_online", "user_offline", "chat_changed"] as const) {
      const status = { ...receipt, event_type };
      expect(statusErrorCode(status, { user_id: BOB, last_seq: 3 })).toBe("ERR_UNSUPPORTED");
    }
  });
});

describe("answerResume and messagesThatFit", () => {
  const messages = (count: number, bytes = 16) =>
    Array.from({ length: count }, (_, at) => fromBob(at + 1, { content: new Uint8Array(bytes) }));
  const ask = { chat_id: CHAT, after: 0, limit: 100 };

  it("cover the chat to its end", () => {
    expect(answerResume(ask, { last_seq: 5, messages: messages(3), through: 5 })).toMatchObject({
      after: 0,
      through: 5,
      has_more: false,
    });
    expect(answerResume({ ...ask, after: 50 }, { last_seq: 40, messages: [] })).toMatchObject({
      after: 50,
      through: 40,
      has_more: false,
    });
    expect(answerResume(ask, { last_seq: 100, messages: messages(100) })).toMatchObject({
      through: 100,
      has_more: false,
    });
  });

  it.each([1, 2, 3, 60])("skip no message if a store returns %d messages at a time", (most) => {
    const all = messages(7).filter(({ seq }) => seq !== 3 && seq !== 7);
    const listed: (number | undefined)[] = [];
    let after = 0;
    for (let page = 1; page <= 8; page++) {
      const some = all.filter(({ seq }) => seq! > after).slice(0, most);
      const answer = answerResume({ ...ask, after }, { last_seq: 7, messages: some });
      listed.push(...answer.messages.map(({ seq }) => seq));
      after = answer.through!;
      if (!answer.has_more) break;
    }
    expect([listed, after]).toEqual([[1, 2, 4, 5, 6], 7]);
  });

  it("use the given through if a store found no message", () => {
    const answer = answerResume(ask, { last_seq: 9000, messages: [], through: 1000 });
    expect(answer).toMatchObject({ messages: [], through: 1000, has_more: true });
  });

  it("stop at the limit and before a frame is full", () => {
    expect(answerResume(ask, { last_seq: 101, messages: messages(100) })).toMatchObject({
      through: 100,
      has_more: true,
    });
    const large = answerResume(ask, { last_seq: 5, messages: messages(5, 300_000) });
    expect(large).toMatchObject({ through: 2, has_more: true });
    expect(
      answerResume(ask, { last_seq: 5, messages: messages(5, 720_000) }).messages,
    ).toHaveLength(1);
  });

  it("select the first or the last messages that fit, and at least one", () => {
    const seqs = (list: ChatMessage[]) => list.map(({ seq }) => seq);
    const five = messages(5, 300_000);
    expect(seqs(messagesThatFit(five))).toEqual([1, 2]);
    expect(seqs(messagesThatFit(five, { maxFrameBytes: 500_000 }))).toEqual([1]);
    expect(seqs(messagesThatFit(five, { maxFrameBytes: 1 }))).toEqual([1]);
    expect(seqs(messagesThatFit(five, { keep: "last" }))).toEqual([4, 5]);
    expect(seqs(messagesThatFit(five, { keep: "last", maxFrameBytes: 1 }))).toEqual([5]);
    expect(messagesThatFit([])).toEqual([]);
  });

  it.each([1, 2] as const)("fill a frame on wire %d: one more message would not fit", (wire) => {
    const size = (fitting: readonly ChatMessage[]) =>
      MessageListResponse.toProtocol(
        { ...ask, through: Number.MAX_SAFE_INTEGER, messages: [...fitting], has_more: true },
        SigningKey.from("secret", { id: wire === 1 ? "" : "k".repeat(64) }),
        { wire, timestamp: NOW },
      ).toBytes().length;
    const long = (seq: number): Partial<ChatMessage> => ({
      ...{ chat_id: Number.MAX_SAFE_INTEGER, sender_id: Number.MAX_SAFE_INTEGER },
      ...{ message_id: Number.MAX_SAFE_INTEGER, epoch: Number.MAX_SAFE_INTEGER },
      ...{ counter: Number.MAX_SAFE_INTEGER, device: "é".repeat(100), stored_at: NOW + 0.5 },
      seq: Number.MAX_SAFE_INTEGER - 1000 + seq,
      client_id: fromBob(seq).client_id!,
    });
    for (const bytes of [0, 1, 23, 24, 191, 192, 49_151, 49_152]) {
      const content = new Uint8Array(bytes);
      for (const fields of [() => ({}), long]) {
        const all = Array.from({ length: 40 }, (_, at) =>
          fromBob(at + 1, { ...fields(at + 1), content }),
        );
        const maxFrameBytes = size(all.slice(0, 10)) + 200;
        for (const keep of ["first", "last"] as const) {
          const fitting = messagesThatFit(all, { maxFrameBytes, keep });
          expect(size(fitting)).toBeLessThanOrEqual(maxFrameBytes);
          if (wire === 2) continue;
          // The size of the list's own fields is counted at its maximum, so up to 200 bytes stay unused.
          const more = all.slice(0, fitting.length + 1);
          expect(size(more)).toBeGreaterThan(maxFrameBytes - 200);
        }
      }
    }
  });

  it("return at most 1,000 messages", () => {
    for (const [given, listed] of [
      [1000, 1000],
      [1001, 1000],
    ] as const) {
      const fitting = messagesThatFit(messages(given, 0), { maxFrameBytes: 2 ** 30 });
      expect(fitting).toHaveLength(listed);
      expect(() => MessageListResponse.parse({ messages: fitting, has_more: true })).not.toThrow();
    }
  });

  it("set has_more if they receive more messages than the limit", () => {
    const answer = answerResume({ ...ask, limit: 2 }, { last_seq: 3, messages: messages(3) });
    expect(answer).toMatchObject({ through: 2, has_more: true });
    expect(answer.messages.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("fit a frame of either wire with messages of any size", () => {
    for (const wires of [[1], [2]] as const) {
      const fixture = new SessionFixture({ wires });
      fixture.connect();
      for (const bytes of [1, 1000, 7_700, 720_000]) {
        const list = answerResume(ask, { last_seq: 200, messages: messages(100, bytes) });
        expect(() => fixture.list(list)).not.toThrow();
      }
    }
  });
});

describe("messageDigest", () => {
  it("depends on the header, nonce and content, and not on seq or message_id", () => {
    const message = fromBob(1);
    expect(messageDigest({ ...message, seq: 9, message_id: 9 })).toEqual(messageDigest(message));
    for (const other of [
      { chat_id: 43 },
      { sender_id: 9 },
      { timestamp: NOW + 1 },
      { content: new Uint8Array(16) },
      { nonce: new Uint8Array(12) },
    ]) {
      expect(messageDigest({ ...message, ...other })).not.toEqual(messageDigest(message));
    }
    expect(() => messageDigest({ ...message, chat_id: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_VALIDATION" }),
    );
  });
});
