import { describe, expect, it } from "vitest";
import { MessageListResponse } from "../../src/index.js";
import type { SessionAction } from "../../src/session/index.js";
import { Outbox } from "../../src/session/outbox.js";
import { ALICE, fromAlice, notices, Stage } from "./stage.js";

const cursorsOf = (chats: number) => Array.from({ length: chats }, (_, at) => [at + 1, 5] as const);
const milliseconds = (work: () => void) => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

describe("a session with 10,000 chats", () => {
  it("catches up with 16 of them at a time, and with all in the end", () => {
    const stage = new Stage({ cursors: cursorsOf(10_000) });
    const first = stage.resumes(stage.connect());
    expect(first.map(({ chat_id }) => chat_id)).toEqual(cursorsOf(16).map(([chatId]) => chatId));
    const asked = [...first];
    let answered = 0;
    for (; answered < asked.length; answered++) {
      const { chat_id, after } = asked[answered]!;
      const list = { chat_id, after, through: 5, messages: [], has_more: false };
      const next = stage.resumes(stage.receive(MessageListResponse, list));
      expect(next.length).toBeLessThanOrEqual(1);
      asked.push(...next);
    }
    expect(new Set(asked.map(({ chat_id }) => chat_id)).size).toBe(10_000);
    expect(answered).toBe(10_000);
  });

  it("sends 16 messages at a time", () => {
    const outbox = Array.from({ length: 40 }, (_, at) => fromAlice(at + 1, at + 1));
    const stage = new Stage({ cursors: [], outbox });
    const sent = (actions: SessionAction[]) =>
      stage.read(actions).filter(({ type }) => type === "message").length;
    expect(sent(stage.connect())).toBe(16);
    expect(sent(stage.ack(outbox[3]!, 1))).toBe(1);
    expect(sent(stage.handle({ type: "tick" }))).toBe(0);
  });

  it("does not look at each of them at every event", () => {
    const [few, many] = [16, 10_000].map((chats) => {
      const stage = new Stage({ cursors: cursorsOf(chats) });
      stage.connect();
      const tick = () => stage.handle({ type: "tick" });
      const pass = () =>
        milliseconds(() => {
          for (let round = 0; round < 1000; round++) tick();
        });
      return Math.min(pass(), pass(), pass());
    });
    expect(many!).toBeLessThan(10 * few! + 5);
  });
});

describe("a session with more chats than a call has arguments", () => {
  it("connects", () => {
    const stage = new Stage({ cursors: cursorsOf(200_000) });
    expect(notices(stage.connect())).toMatchObject([{ type: "online" }]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(notices(stage.connect())).toMatchObject([{ type: "online" }]);
  });
});

describe("an outbox of 100,000 messages to one chat", () => {
  it("takes no longer for each than a small one", () => {
    const messages = Array.from({ length: 100_000 }, (_, at) => fromAlice(at + 1));
    const outbox = new Outbox(messages, ALICE);
    let inOrder = 0;
    const took = milliseconds(() => {
      for (const message of messages) {
        if (outbox.due(0)?.[0]?.client_id === message.client_id) inOrder += 1;
        outbox.remove(message.client_id);
      }
    });
    expect(inOrder).toBe(100_000);
    expect(outbox.turns.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(took).toBeLessThan(10_000);
  }, 60_000);

  it("goes on behind those that were refused before their turn", () => {
    const [first, second, third] = [1, 2, 3].map((number) => fromAlice(number));
    const outbox = new Outbox([first!, second!, third!], ALICE);
    outbox.remove(second!.client_id);
    outbox.add(second!);
    expect(outbox.due(0)).toEqual([first]);
    outbox.remove(first!.client_id);
    expect(outbox.due(0)).toEqual([third]);
    outbox.remove(third!.client_id);
    expect(outbox.due(0)).toEqual([]);
    outbox.markStored(second!.client_id);
    expect(outbox.due(0)).toEqual([second]);
  });
});
