import { describe, expect, it } from "vitest";
import { MessageListResponse } from "../../src/index.js";
import type { OutgoingMessage, SessionAction } from "../../src/session/index.js";
import { Outbox } from "../../src/session/outbox.js";
import { ALICE, fromAlice, notices, SessionFixture } from "./fixture.js";

const cursorsOf = (chats: number) => Array.from({ length: chats }, (_, at) => [at + 1, 5] as const);
const milliseconds = (work: () => void) => {
  const start = performance.now();
  work();
  return performance.now() - start;
};

describe("a session with 10,000 chats", () => {
  it("requests 16 of them at a time, and all in the end", () => {
    const fixture = new SessionFixture({ cursors: cursorsOf(10_000) });
    const first = fixture.resumes(fixture.connect());
    expect(first.map(({ chat_id }) => chat_id)).toEqual(cursorsOf(16).map(([chatId]) => chatId));
    const resumes = [...first];
    let answered = 0;
    for (; answered < resumes.length; answered++) {
      const { chat_id, after } = resumes[answered]!;
      const list = { chat_id, after, through: 5, messages: [], has_more: false };
      const next = fixture.resumes(fixture.receive(MessageListResponse, list));
      expect(next.length).toBeLessThanOrEqual(1);
      resumes.push(...next);
    }
    expect(new Set(resumes.map(({ chat_id }) => chat_id)).size).toBe(10_000);
    expect(answered).toBe(10_000);
  });

  it("sends 16 messages at a time", () => {
    const outbox = Array.from({ length: 40 }, (_, at) => fromAlice(at + 1, at + 1));
    const fixture = new SessionFixture({ cursors: [], outbox });
    const sent = (actions: SessionAction[]) =>
      fixture.read(actions).filter(({ type }) => type === "message").length;
    expect(sent(fixture.connect())).toBe(16);
    expect(sent(fixture.ack(outbox[3]!, 1))).toBe(1);
    expect(sent(fixture.handle({ type: "tick" }))).toBe(0);
  });

  it("does not iterate over all of them at each event", () => {
    const [few, many] = [16, 10_000].map((chats) => {
      const fixture = new SessionFixture({ cursors: cursorsOf(chats) });
      fixture.connect();
      const tick = () => fixture.handle({ type: "tick" });
      const pass = () =>
        milliseconds(() => {
          for (let round = 0; round < 1000; round++) tick();
        });
      return Math.min(pass(), pass(), pass());
    });
    expect(many!).toBeLessThan(10 * few! + 5);
  });
});

describe("a session with more chats than a function call allows arguments", () => {
  it("connects", () => {
    const fixture = new SessionFixture({ cursors: cursorsOf(200_000) });
    expect(notices(fixture.connect())).toMatchObject([{ type: "online" }]);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(notices(fixture.connect())).toMatchObject([{ type: "online" }]);
  });
});

describe("an outbox of 100,000 messages to one chat", () => {
  it("takes the same time for each message as a small one", () => {
    const messages = Array.from({ length: 100_000 }, (_, at) => fromAlice(at + 1));
    const outbox = new Outbox(messages, ALICE, () => {});
    let inOrder = 0;
    const took = milliseconds(() => {
      for (const message of messages) {
        if (outbox.due(0)?.[0]?.client_id === message.client_id) inOrder += 1;
        outbox.acknowledge(ackOf(message));
      }
    });
    expect(outbox.due(0)).toEqual([]);
    expect(inOrder).toBe(100_000);
    expect(outbox.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(took).toBeLessThan(10_000);
  }, 60_000);

  it("sends the messages after those that could not be stored", () => {
    const [first, second, third] = [1, 2, 3].map((number) => fromAlice(number));
    const outbox = new Outbox([first!], ALICE, () => {});
    outbox.send(second!);
    outbox.send(third!);
    outbox.markStored(third!.client_id);
    outbox.markNotStored(second!.client_id);
    outbox.send(second!);
    expect(outbox.due(0)).toEqual([first]);
    outbox.acknowledge(ackOf(first!));
    expect(outbox.due(0)).toEqual([third]);
    outbox.acknowledge(ackOf(third!));
    expect(outbox.due(0)).toEqual([]);
    outbox.markStored(second!.client_id);
    expect(outbox.due(0)).toEqual([second]);
  });
});

const ackOf = ({ client_id, chat_id }: OutgoingMessage) => ({
  ...{ client_id, chat_id, message_id: 1, seq: 1, stored_at: 1 },
});
