import { describe, expect, it } from "vitest";
import { ChatMessage, ErrorResponse, Heartbeat } from "../../src/index.js";
import { CLOSE, type OutgoingMessage, type SessionAction } from "../../src/session/index.js";
import { CHAT, fromAlice, notices, offer, only, SessionFixture } from "./fixture.js";

const pipelined = { ...offer, capabilities: ["pipeline"] };

const idOf = (number: number, chat = CHAT) => fromAlice(number, chat).client_id;

/** Returns the numbers from `first` to `last`. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** A session with a server that supports the capability `pipeline`. */
class Pipelined extends SessionFixture {
  readonly #numbers = new Map<string | undefined, number>();

  /** Returns a session that is online and sent the messages with the numbers 1 to `count`. */
  static withMessages(count: number): Pipelined {
    const fixture = new Pipelined();
    fixture.list({ after: 0, through: 0 });
    expect(fixture.sendAll(range(1, count).map((number) => fromAlice(number)))).toHaveLength(
      Math.min(count, 32),
    );
    return fixture;
  }

  constructor(outbox: OutgoingMessage[] = []) {
    super({ outbox });
    for (const number of range(1, 200)) this.#numbers.set(idOf(number), number);
    this.connect(pipelined);
  }

  /** Stores some messages, and returns what is sent. */
  sendAll(messages: readonly OutgoingMessage[]): string[] {
    return messages.flatMap((message) => this.sent(this.send(message)));
  }

  /** Returns the messages that are sent, as their number, and that of the one which they follow. */
  sent(actions: readonly SessionAction[]): string[] {
    return this.read(actions)
      .filter(({ type }) => type === "message")
      .map((one) => {
        const { client_id, follows } = ChatMessage.fromProtocol(one);
        const number = this.#numbers.get(client_id);
        return follows === undefined
          ? `${number}`
          : `${number} after ${this.#numbers.get(follows)}`;
      });
  }

  refuse(number: number, error_code: string, retry_after?: number): SessionAction[] {
    const details = { client_id: idOf(number), ...(retry_after !== undefined && { retry_after }) };
    return this.receive(ErrorResponse, { error_code, error_message: "", details });
  }

  /** Returns what is sent after an acknowledgement. */
  accept(number: number): string[] {
    return this.sent(this.ack(fromAlice(number), number));
  }
}

describe("messages of one chat", () => {
  it("are sent without waiting, up to 32, and each names the one before it", () => {
    const fixture = new Pipelined();
    const sent = fixture.sendAll(range(1, 40).map((number) => fromAlice(number)));
    expect(sent).toEqual(["1", ...range(2, 32).map((number) => `${number} after ${number - 1}`)]);
    expect(fixture.accept(1)).toEqual(["33 after 32"]);
    expect(fixture.accept(2)).toEqual(["34 after 33"]);
    for (const number of range(3, 39)) fixture.accept(number);
    expect(fixture.sendAll([fromAlice(41)])).toEqual(["41 after 40"]);
    fixture.accept(40);
    fixture.accept(41);
    expect(fixture.sendAll([fromAlice(42)]), "none is in flight").toEqual(["42"]);
  });

  it("are sent at once after a restart", () => {
    const fixture = new SessionFixture({ outbox: [1, 2, 3].map((number) => fromAlice(number)) });
    const messages = fixture
      .read(fixture.connect(pipelined))
      .filter(({ type }) => type === "message");
    expect(messages).toHaveLength(3);
  });

  it("wait for one that is not stored on the device yet", () => {
    const fixture = Pipelined.withMessages(1);
    fixture.handle({ type: "send", message: fromAlice(2) });
    expect(fixture.sendAll([fromAlice(3)])).toEqual([]);
    const stored = fixture.handle({ type: "stored", client_id: idOf(2) });
    expect(fixture.sent(stored)).toEqual(["2 after 1", "3 after 2"]);
  });

  it("after one that the server refused are sent again with it, one by one and then more", () => {
    const fixture = Pipelined.withMessages(5);
    fixture.accept(1);
    expect(only(fixture.refuse(2, "ERR_RATE_LIMITED", 5), "failed")).toEqual([]);
    expect(fixture.sendAll([fromAlice(6)])).toEqual([]);
    for (const number of [3, 4, 5]) {
      expect(fixture.sent(fixture.refuse(number, "ERR_OUT_OF_ORDER", 0.1))).toEqual([]);
    }
    expect(fixture.sent(fixture.pass(4.9))).toEqual([]);
    expect(fixture.sent(fixture.pass(0.1))).toEqual(["2"]);
    expect(fixture.accept(2)).toEqual(["3", "4 after 3"]);
    expect(fixture.accept(3)).toEqual(["5 after 4", "6 after 5"]);
    expect(notices(fixture.ack(fromAlice(4), 4))).toMatchObject([{ type: "sent" }]);
  });

  it("after one that the server did not get are sent again with it, soon", () => {
    const fixture = Pipelined.withMessages(4);
    fixture.accept(1);
    fixture.refuse(3, "ERR_OUT_OF_ORDER", 0.1);
    expect(fixture.sent(fixture.refuse(4, "ERR_OUT_OF_ORDER", 0.1))).toEqual([]);
    expect(fixture.sent(fixture.pass(0.1))).toEqual(["2", "3 after 2", "4 after 3"]);
  });

  it("before the one that has an answer are sent again, once all others have one", () => {
    const fixture = Pipelined.withMessages(4);
    expect(fixture.accept(2), "the acknowledgement of 1 was lost").toEqual([]);
    expect(fixture.accept(3)).toEqual([]);
    expect(fixture.sendAll([fromAlice(5)])).toEqual([]);
    expect(fixture.accept(4)).toEqual([]);
    expect(fixture.sent(fixture.pass(0.09))).toEqual([]);
    expect(fixture.sent(fixture.pass(0.01))).toEqual(["1", "5 after 1"]);
    expect(notices(fixture.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent", seq: 1 }]);
  });

  it("after one that is finally rejected are sent again, because the server refuses them", () => {
    const fixture = Pipelined.withMessages(3);
    const rejected = fixture.refuse(1, "ERR_FORBIDDEN");
    expect(only(rejected, "failed")).toMatchObject([{ client_id: idOf(1) }]);
    expect(fixture.sendAll([fromAlice(4)])).toEqual([]);
    for (const number of [2, 3]) fixture.refuse(number, "ERR_OUT_OF_ORDER", 0.1);
    expect(fixture.sent(fixture.pass(0.1))).toEqual(["2", "3 after 2", "4 after 3"]);
    fixture.refuse(2, "ERR_FORBIDDEN");
    for (const number of [3, 4]) fixture.refuse(number, "ERR_OUT_OF_ORDER", 0.1);
    fixture.pass(0.1);
    fixture.refuse(3, "ERR_FORBIDDEN");
    fixture.refuse(4, "ERR_FORBIDDEN");
    expect(fixture.sendAll([fromAlice(5)]), "nothing is in flight").toEqual(["5"]);
  });

  it("are half as many in flight each time that some have to be sent again", () => {
    const fixture = Pipelined.withMessages(40);
    for (const most of [16, 8, 4, 2, 1]) {
      for (const number of range(2, 33)) fixture.refuse(number, "ERR_OUT_OF_ORDER", 0.1);
      expect(fixture.sent(fixture.pass(0.1))).toHaveLength(most);
    }
    expect(fixture.accept(1)).toEqual(["2", "3 after 2"]);
  });

  it("wait for the longest retry_after", () => {
    const fixture = Pipelined.withMessages(3);
    fixture.refuse(1, "ERR_RATE_LIMITED", 5);
    fixture.refuse(2, "ERR_RATE_LIMITED", 20);
    fixture.refuse(3, "ERR_OUT_OF_ORDER", 0.1);
    expect(fixture.sent(fixture.pass(19.9))).toEqual([]);
    expect(fixture.sent(fixture.pass(0.1))).toEqual(["1"]);
  });

  it("leave the place of others when they are withdrawn while they wait", () => {
    const fixture = Pipelined.withMessages(1);
    fixture.refuse(1, "ERR_RATE_LIMITED", 5);
    fixture.handle({ type: "withdraw", client_id: idOf(1) });
    for (let second = 0; second < 40; second += 5) {
      fixture.receive(Heartbeat, { sent_at: fixture.now });
      expect(only(fixture.pass(5), "close")).toEqual([]);
    }
    fixture.handle({ type: "send", message: fromAlice(2) });
    fixture.handle({ type: "send", message: fromAlice(3) });
    fixture.handle({ type: "withdraw", client_id: idOf(2) });
    expect(fixture.sent(fixture.handle({ type: "stored", client_id: idOf(3) }))).toEqual(["3"]);
  });

  it("do not name what the application names", () => {
    const fixture = new Pipelined();
    expect(fixture.sendAll([{ ...fromAlice(1), follows: idOf(9) }])).toEqual(["1"]);
  });

  it("continue after one that is withdrawn", () => {
    const fixture = Pipelined.withMessages(2);
    fixture.handle({ type: "withdraw", client_id: idOf(2) });
    expect(fixture.sendAll([fromAlice(3)])).toEqual(["3 after 2"]);
    expect(notices(fixture.ack(fromAlice(2), 2))).toEqual([]);
    fixture.accept(1);
    fixture.accept(3);
    expect(fixture.sendAll([fromAlice(4)])).toEqual(["4"]);
  });

  it("are sent again 10 seconds after the last answer, and the third time without one closes", () => {
    const fixture = Pipelined.withMessages(3);
    fixture.pass(9);
    fixture.accept(1);
    expect(fixture.sent(fixture.pass(9.9))).toEqual([]);
    expect(fixture.sent(fixture.pass(0.1))).toEqual(["2", "3 after 2"]);
    expect(fixture.sent(fixture.pass(10))).toEqual(["2", "3 after 2"]);
    expect(only(fixture.pass(10), "close")).toMatchObject([{ code: CLOSE.silent }]);
  });

  it("are acknowledged by the answer to an earlier frame of the same connection", () => {
    const fixture = Pipelined.withMessages(2);
    expect(fixture.sent(fixture.pass(10))).toEqual(["1", "2 after 1"]);
    fixture.refuse(1, "ERR_UNAVAILABLE", 5);
    fixture.refuse(2, "ERR_OUT_OF_ORDER", 0.1);
    expect(notices(fixture.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent" }]);
    fixture.refuse(2, "ERR_UNAVAILABLE", 60);
    expect(fixture.sent(fixture.pass(5))).toEqual(["2"]);
  });

  it("do not name one of an earlier connection", () => {
    const fixture = Pipelined.withMessages(3);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(fixture.sent(fixture.connect(pipelined))).toEqual(["1", "2 after 1", "3 after 2"]);
    expect(notices(fixture.ack(fromAlice(4), 4))).toMatchObject([{ type: "refused" }]);
  });

  it("are not acknowledged on a connection that did not send them", () => {
    const fixture = Pipelined.withMessages(2);
    fixture.handle({ type: "closed", code: 1006 });
    fixture.now += 60;
    expect(fixture.sent(fixture.connect(offer))).toEqual(["1"]);
    expect(notices(fixture.ack(fromAlice(2), 2))).toMatchObject([{ type: "refused" }]);
  });
});

describe("messages of several chats", () => {
  const ofChats = (count: number, each: number, bytes = 1) =>
    range(1, count).flatMap((chat) =>
      range(1, each).map((number) => ({
        ...fromAlice(number + 1000 * chat, chat),
        content: new Uint8Array(bytes),
      })),
    );

  /** Returns the number of messages that are sent after the welcome. */
  function sentOf(outbox: OutgoingMessage[]): number {
    const fixture = new SessionFixture({ outbox });
    const sent = fixture.read(fixture.connect(pipelined));
    return sent.filter(({ type }) => type === "message").length;
  }

  it("are at most 64 in flight, but always one of each of 16 chats", () => {
    expect(sentOf(ofChats(2, 32))).toBe(64);
    expect(sentOf(ofChats(3, 32))).toBe(64 + 1);
    expect(sentOf(ofChats(16, 1))).toBe(16);
    expect(sentOf(ofChats(17, 2)), "a chat waits for a slot").toBe(16);
  });

  it("are as many in flight after acknowledgements, time-outs and new connections", () => {
    const outbox = ofChats(2, 90, 5000);
    const fixture = new SessionFixture({ outbox });
    const countOf = (actions: readonly SessionAction[]) =>
      fixture.read(actions).filter(({ type }) => type === "message").length;
    expect(countOf(fixture.connect(pipelined))).toBe(64);
    for (let connection = 0; connection < 3; connection++) {
      fixture.handle({ type: "closed", code: 1006 });
      fixture.now += 60;
      expect(countOf(fixture.connect(pipelined))).toBe(64);
    }
    expect(countOf(fixture.pass(10))).toBe(64);
    for (const [at, message] of outbox.slice(0, 58).entries()) {
      expect(countOf(fixture.ack(message, at + 1)), `after message ${at}`).toBe(1);
    }
  });

  it("of a chat that the server refuses again and again do not stop others", () => {
    const outbox = ofChats(17, 1);
    const fixture = new SessionFixture({ outbox });
    const seen = new Set<number>();
    let actions = fixture.connect(pipelined);
    for (let round = 0; round < 4; round++) {
      for (const one of fixture.read(actions).filter(({ type }) => type === "message")) {
        const { chat_id, client_id } = ChatMessage.fromProtocol(one);
        seen.add(chat_id);
        const details = { client_id, retry_after: 0.5 };
        const refusal = { error_code: "ERR_UNAVAILABLE", error_message: "", details };
        fixture.receive(ErrorResponse, refusal);
      }
      actions = fixture.pass(0.5);
    }
    expect(seen.size).toBe(17);
  });

  it("have at most 1 MiB of content in flight, but always one of each of 16 chats", () => {
    expect(sentOf(ofChats(1, 3, 524_288))).toBe(2);
    expect(sentOf(ofChats(1, 3, 524_289))).toBe(1);
    expect(sentOf(ofChats(16, 2, 700_000))).toBe(16);
  });
});
