import { describe, expect, it } from "vitest";
import {
  answerResume,
  bodyDigest,
  fittingInFrame,
  isSameBody,
  markRefusal,
} from "../../src/session/index.js";
import { NOW } from "../support/examples.js";
import { ALICE, BOB, CHAT, fromBob, Stage } from "./stage.js";

describe("a mark", () => {
  it("is checked by a server", () => {
    const mark = {
      event_type: "read",
      user_id: BOB,
      chat_id: CHAT,
      seq: 3,
      timestamp: NOW,
    } as const;
    expect(markRefusal(mark, { user_id: BOB, last_seq: 3 })).toBeUndefined();
    expect(markRefusal(mark, { user_id: BOB, last_seq: 2 })).toBe("ERR_SEQ_AHEAD");
    expect(markRefusal(mark, { user_id: ALICE, last_seq: 3 })).toBe("ERR_FORBIDDEN");
    const { seq: _, ...without } = mark;
    expect(markRefusal(without, { user_id: BOB, last_seq: 0 })).toBeUndefined();
  });
});

describe("a server's answer to a resume", () => {
  const messages = (count: number, bytes = 16) =>
    Array.from({ length: count }, (_, at) => fromBob(at + 1, { content: new Uint8Array(bytes) }));
  const ask = { chat_id: CHAT, after: 0, limit: 100 };

  it("covers the chat to its end", () => {
    expect(answerResume(ask, { last_seq: 5, messages: messages(3) })).toMatchObject({
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

  it("stops at its limit and before a frame is full", () => {
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

  it("has as many messages as any list in a frame", () => {
    expect(fittingInFrame(messages(5, 300_000))).toHaveLength(2);
    expect(fittingInFrame(messages(5, 300_000), 900_000)).toHaveLength(2);
    expect(fittingInFrame(messages(5, 300_000), 500_000)).toHaveLength(1);
    expect(fittingInFrame(messages(5, 300_000), 1)).toHaveLength(1);
    expect(fittingInFrame([])).toEqual([]);
  });

  it("counts 4,096 bytes for a list, and for each message 512 and its content as base64", () => {
    for (const [bytes, room] of [
      [0, 512],
      [3, 516],
      [4, 520],
    ] as const) {
      expect(fittingInFrame(messages(5, bytes), 4096 + 3 * room)).toHaveLength(3);
      expect(fittingInFrame(messages(5, bytes), 4096 + 3 * room - 1)).toHaveLength(2);
    }
  });

  it("says that there is more where it was given more than was asked for", () => {
    const answer = answerResume({ ...ask, limit: 2 }, { last_seq: 3, messages: messages(3) });
    expect(answer).toMatchObject({ through: 2, has_more: true });
    expect(answer.messages.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it("fits a frame of either wire at its largest", () => {
    for (const wires of [[1], [2]] as const) {
      const stage = new Stage({ wires });
      stage.connect();
      for (const bytes of [1, 1000, 7_700, 720_000]) {
        const list = answerResume(ask, { last_seq: 200, messages: messages(100, bytes) });
        expect(() => stage.list(list)).not.toThrow();
      }
    }
  });
});

describe("a body's digest", () => {
  it("is the same for the same body only", () => {
    const message = fromBob(1);
    expect(bodyDigest({ ...message, seq: 9, message_id: 9 })).toEqual(bodyDigest(message));
    for (const other of [
      { chat_id: 43 },
      { sender_id: 9 },
      { timestamp: NOW + 1 },
      { content: new Uint8Array(16) },
      { nonce: new Uint8Array(12) },
    ]) {
      expect(isSameBody({ ...message, ...other }, message)).toBe(false);
    }
    expect(() => bodyDigest({ ...message, chat_id: 0 })).toThrow(
      expect.objectContaining({ code: "ERR_VALIDATION" }),
    );
  });
});
