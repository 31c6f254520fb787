import { describe, expect, it } from "vitest";
import { ChatMessage, Heartbeat, StatusEvent } from "../../src/index.js";
import { answerHeartbeat } from "../../src/server/index.js";
import type { SessionAction } from "../../src/session/index.js";
import {
  ALICE,
  BOB,
  CHAT,
  delivered,
  fromBob,
  notices,
  offer,
  only,
  SessionFixture,
  types,
} from "./fixture.js";

/** Returns a session whose server has opened all transmitted frames. */
function online(): SessionFixture {
  const fixture = new SessionFixture();
  fixture.read(fixture.connect({ ...offer, capabilities: [] }));
  fixture.list({ after: 0, through: 0 });
  return fixture;
}

const lost = (actions: SessionAction[]) =>
  notices(actions).flatMap((notice) => (notice.type === "lost" ? [notice.frames] : []));

/** Encodes a frame of the server that the session never receives. */
const lose = (fixture: SessionFixture, seq: number) =>
  fixture.channel.encode(ChatMessage, fromBob(seq), fixture.now);

/** Answers the session's next heartbeat; returns that heartbeat and the actions of the answer. */
function answerNextHeartbeat(fixture: SessionFixture, fields: Partial<Heartbeat> = {}) {
  fixture.now += 30;
  const heartbeats = fixture
    .read(fixture.handle({ type: "tick" }))
    .filter(({ type }) => type === "heartbeat");
  const heartbeat = Heartbeat.fromProtocol(heartbeats[0]!);
  const answer = { ...answerHeartbeat(heartbeat, fixture.channel), ...fields };
  return { heartbeat, actions: fixture.receive(Heartbeat, answer) };
}

describe("a broadcast that is lost on an open connection", () => {
  it("is requested after the next heartbeat", () => {
    const fixture = online();
    fixture.receive(ChatMessage, fromBob(1));
    lose(fixture, 2);
    const { actions } = answerNextHeartbeat(fixture);
    expect(lost(actions)).toEqual([1]);
    expect(fixture.resumes(actions)).toEqual([{ chat_id: CHAT, after: 1, limit: 500 }]);
    expect(delivered(fixture.list({ after: 1, through: 2, messages: [fromBob(2)] }))).toEqual([2]);
    expect(
      lost(answerNextHeartbeat(fixture).actions),
      "the same frame is reported as lost once",
    ).toEqual([]);
    lose(fixture, 3);
    lose(fixture, 4);
    expect(lost(answerNextHeartbeat(fixture).actions)).toEqual([2]);
  });

  it("is requested even if the client sends frames all the time", () => {
    const fixture = online();
    lose(fixture, 1);
    for (let second = 0; second < 29; second++) {
      fixture.now += 1;
      const typing = { type: "mark", event_type: "typing", chat_id: CHAT } as const;
      expect(types(fixture, fixture.handle(typing))).toEqual(["status"]);
    }
    fixture.now += 1;
    expect(types(fixture, fixture.handle({ type: "tick" }))).toEqual(["heartbeat"]);
  });

  it("is requested again if the resume in flight may be older", () => {
    const fixture = online();
    fixture.receive(ChatMessage, fromBob(3));
    lose(fixture, 4);
    const { actions } = answerNextHeartbeat(fixture);
    expect(lost(actions)).toEqual([1]);
    const answer = fixture.list({
      after: 0,
      through: 3,
      messages: [1, 2, 3].map((n) => fromBob(n)),
    });
    expect(notices(answer).map(({ type }) => type)).not.toContain("caught_up");
    expect(fixture.resumes(answer)).toMatchObject([{ after: 3 }]);
    const rest = fixture.list({ after: 3, through: 4, messages: [fromBob(4)] });
    expect(delivered(rest)).toEqual([4]);
    expect(fixture.resumes(rest)).toEqual([]);
  });

  it("causes no resume if no frame is lost", () => {
    const fixture = online();
    for (let seq = 1; seq <= 3; seq++) {
      fixture.receive(ChatMessage, fromBob(seq));
      const { actions } = answerNextHeartbeat(fixture);
      expect([lost(actions), fixture.resumes(actions)]).toEqual([[], []]);
    }
  });

  it("is not detected if the server sends no counts, as older versions do", () => {
    const fixture = online();
    lose(fixture, 1);
    const { actions } = answerNextHeartbeat(fixture, { sent: undefined, received: undefined });
    expect([lost(actions), only(actions, "transmit")]).toEqual([[], []]);
  });

  it("causes at most one resume for each heartbeat, for any counts of a malicious server", () => {
    const fixture = online();
    const { actions } = answerNextHeartbeat(fixture, { sent: 1_000_000 });
    expect(lost(actions)).toHaveLength(1);
    for (let time = 1; time <= 100; time++) {
      const more = fixture.receive(Heartbeat, { sent_at: fixture.now, sent: 2_000_000 * time });
      expect([lost(more), only(more, "transmit")]).toEqual([[], []]);
    }
  });
});

describe("an answer to a heartbeat that was not sent", () => {
  it("does not count as the answer to the pending one", () => {
    const fixture = online();
    fixture.now += 30;
    const [transmitted] = fixture.read(fixture.handle({ type: "tick" }));
    const heartbeat = Heartbeat.fromProtocol(transmitted!);
    const counts = { sent: 1_000_000, received: 0 };
    const invented = { sent_at: heartbeat.sent_at - 1, ...counts };
    expect(lost(fixture.receive(Heartbeat, invented))).toEqual([]);
    lose(fixture, 1);
    const { sent, received } = answerHeartbeat(heartbeat, fixture.channel);
    expect(lost(fixture.receive(Heartbeat, { ...heartbeat, sent, received }))).toEqual([1]);
    expect(lost(fixture.receive(Heartbeat, { ...heartbeat, ...counts }))).toEqual([]);
  });
});

describe("a receipt that is lost on an open connection", () => {
  const read = (seq: number) => ({ type: "mark", event_type: "read", chat_id: CHAT, seq }) as const;

  it("is sent again after the next heartbeat", () => {
    const fixture = online();
    fixture.receive(ChatMessage, fromBob(1));
    // The server does not open these frames: they are lost.
    expect(only(fixture.handle(read(1)), "transmit")).toHaveLength(1);
    const { actions } = answerNextHeartbeat(fixture);
    expect(lost(actions)).toEqual([1]);
    expect(fixture.read(actions).map((one) => StatusEvent.fromProtocol(one))).toMatchObject([
      { event_type: "read", user_id: ALICE, chat_id: CHAT, seq: 1 },
    ]);
    expect(lost(answerNextHeartbeat(fixture).actions)).toEqual([]);
  });

  it("is detected even if each answer arrives one or eight heartbeats late", () => {
    for (const distance of [1, 3, 8]) {
      const fixture = online();
      const answers: Heartbeat[] = [];
      const found: number[][] = [];
      for (let time = 0; time <= distance + 2; time++) {
        // The server does not open the frames of the first one: they are lost.
        if (time === 0) fixture.handle(read(0));
        fixture.now += 30;
        const sent = fixture.read(fixture.handle({ type: "tick" }));
        const answered = sent.map((one) => {
          const heartbeat = Heartbeat.fromProtocol(one);
          return answerHeartbeat(heartbeat, fixture.channel);
        });
        answers.push(...answered);
        const actions =
          time < distance
            ? fixture.receive(StatusEvent, { event_type: "typing", user_id: BOB })
            : fixture.receive(Heartbeat, answers[time - distance]!);
        fixture.read(actions);
        if (time >= distance) found.push(lost(actions));
      }
      expect(found, `${distance} heartbeats late`).toEqual([[1], [], []]);
    }
  });

  it("is not sent again if it arrived", () => {
    const fixture = online();
    fixture.read(fixture.handle(read(0)));
    const { actions } = answerNextHeartbeat(fixture);
    expect([lost(actions), only(actions, "transmit")]).toEqual([[], []]);
  });
});

describe("a connection whose heartbeats are not answered", () => {
  it("is closed after ten of them, even if other frames arrive", () => {
    const fixture = online();
    const closes: number[] = [];
    for (let time = 1; time <= 10 && closes.length === 0; time++) {
      fixture.now += 30;
      const actions = fixture.receive(StatusEvent, { event_type: "typing", user_id: BOB });
      if (only(actions, "close").length > 0) closes.push(time);
    }
    expect(closes).toEqual([10]);
  });
});
