import { describe, expect, it } from "vitest";
import * as z from "zod/mini";
import { Ack, ChatMessage, defineMessage, ErrorResponse } from "../../src/index.js";
import { acceptHello, CLOSE } from "../../src/session/index.js";
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
  Stage,
  transmitted,
  types,
} from "./stage.js";

/** Messages of a type, whatever is in them. */
const anything = (type: string) => defineMessage(type, z.looseObject({}));

describe("a server that lies", () => {
  it("and repeats is heard once", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(1));
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([]);
    expect(
      delivered(stage.receive(ChatMessage, fromBob(2, { client_id: fromBob(1).client_id! }))),
    ).toEqual([]);
  });

  it("and gives a place that is taken to another message is heard the first time", () => {
    const stage = Stage.online();
    const other = (seq: number) => fromBob(seq, { message_id: 100 + seq });
    stage.receive(ChatMessage, fromBob(1));
    const behind = stage.receive(ChatMessage, other(1));
    expect([delivered(behind), stage.resumes(behind)]).toEqual([[], []]);
    stage.receive(ChatMessage, fromBob(3));
    expect(delivered(stage.receive(ChatMessage, fromBob(2)))).toEqual([2, 3]);
    const list = { after: 1, through: 4, messages: [other(2), other(3), fromBob(4)] };
    expect(delivered(stage.list(list))).toEqual([4]);
    stage.receive(ChatMessage, fromBob(6));
    stage.receive(ChatMessage, other(6));
    const [, sixth] = notices(stage.receive(ChatMessage, fromBob(5)));
    expect(sixth).toMatchObject({ message: { client_id: fromBob(6).client_id } });
  });

  it("and repeats what is ahead of its turn takes the room of one message", () => {
    const stage = Stage.online();
    const content = new Uint8Array(700_000);
    for (let time = 0; time < 20; time++) stage.receive(ChatMessage, fromBob(2, { content }));
    stage.receive(ChatMessage, fromBob(3, { content }));
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([1, 2, 3]);
  });

  it("and acknowledges what was not sent, or to another chat, is noticed", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    expect(notices(stage.ack(fromAlice(2), 1))).toMatchObject([{ type: "refused", reason: "ack" }]);
    expect(notices(stage.ack({ ...fromAlice(1), chat_id: 43 }, 1))).toMatchObject([
      { reason: "ack" },
    ]);
    expect(notices(stage.ack(fromAlice(1), 1))).toMatchObject([{ type: "sent" }]);
  });

  it("and acknowledges, or refuses, what still waits for its turn is noticed, and loses nothing", () => {
    const stage = Stage.online();
    stage.send(fromAlice(1));
    stage.send(fromAlice(2));
    stage.handle({ type: "send", message: fromAlice(3, 43) });
    for (const unsent of [fromAlice(2), fromAlice(3, 43)]) {
      const acknowledged = stage.ack(unsent, 1);
      expect(notices(acknowledged)).toMatchObject([{ type: "refused", reason: "ack" }]);
      const details = { client_id: unsent.client_id };
      for (const error_code of ["ERR_FORBIDDEN", "ERR_RATE_LIMITED"]) {
        const refused = stage.receive(ErrorResponse, { error_code, error_message: "", details });
        expect(notices(refused)).toMatchObject([{ type: "error" }]);
        expect(only([...acknowledged, ...refused], "forget")).toEqual([]);
      }
    }
    expect(types(stage, stage.ack(fromAlice(1), 1))).toEqual(["message"]);
    const stored = stage.handle({ type: "stored", client_id: fromAlice(3).client_id });
    expect(types(stage, stored)).toEqual(["message"]);
  });

  it.each([
    ["of another question", { after: 7, through: 9 }],
    ["of another chat", { chat_id: 43, after: 0, through: 1 }],
    ["of no chat", { chat_id: undefined, after: 0, through: 1 }],
    ["without bounds", {}],
    ["without an end", { after: 0 }],
    ["out of order", { after: 0, through: 2, messages: [fromBob(2), fromBob(1)] }],
    ["with one twice", { after: 0, through: 2, messages: [fromBob(1), fromBob(1)] }],
    ["past its end", { after: 0, through: 1, messages: [fromBob(2)] }],
    ["without seqs", { after: 0, through: 1, messages: [fromBob(undefined)] }],
    [
      "with a message of another chat",
      { after: 0, through: 1, messages: [fromBob(1, { chat_id: 43 })] },
    ],
    ["that leads nowhere", { after: 0, through: 0, has_more: true }],
  ])("and answers a resume with a list %s is noticed", (_, list) => {
    const stage = new Stage();
    stage.connect();
    const actions = stage.list(list as never);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "list" }]);
    expect(delivered(actions)).toEqual([]);
  });

  it("and never fills a hole is given up on after three resumes: the application is told, and the chat goes on", () => {
    const stage = Stage.online();
    let actions = stage.receive(ChatMessage, fromBob(5));
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(stage.resumes(actions)).toHaveLength(1);
      actions = stage.list({ after: 0, through: 0 });
      expect(notices(actions)).toEqual([]);
    }
    expect(stage.resumes(actions)).toHaveLength(1);
    actions = stage.receive(ErrorResponse, {
      error_code: "ERR_INTERNAL",
      error_message: "",
      details: { resume: CHAT },
    });
    expect(notices(actions)).toMatchObject([
      { type: "gap", chat_id: CHAT, after: 0, through: 4 },
      { type: "message" },
    ]);
    expect(stage.resumes(actions)).toEqual([]);
    expect(delivered(stage.receive(ChatMessage, fromBob(6)))).toEqual([6]);
    actions = stage.receive(ChatMessage, fromBob(8));
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(stage.resumes(actions)).toHaveLength(1);
      actions = stage.list({ after: 6, through: 6 });
      expect(notices(actions), "the next hole is asked for as often").toEqual([]);
    }
  });

  it("and fills a hole little by little is asked for as long as it takes", () => {
    const stage = Stage.online();
    stage.receive(ChatMessage, fromBob(9));
    for (let after = 0; after < 7; after++) {
      const list = { after, through: after + 1, messages: [fromBob(after + 1)] };
      expect(notices(stage.list(list))).toMatchObject([{ type: "message" }]);
    }
  });

  it("and never fills two holes is given up on for one at a time", () => {
    const stage = Stage.online();
    for (const seq of [7, 5]) stage.receive(ChatMessage, fromBob(seq));
    stage.list({ after: 0, through: 0 });
    stage.list({ after: 0, through: 0 });
    const actions = stage.list({ after: 0, through: 0 });
    expect(notices(actions)).toMatchObject([
      { type: "gap", chat_id: CHAT, after: 0, through: 4 },
      { type: "message", message: { seq: 5 } },
    ]);
    expect(stage.resumes(actions)).toMatchObject([{ after: 5 }]);
  });

  it("and does not answer at all is asked again, and then left: silence makes no gap", () => {
    const stage = new Stage();
    let actions = stage.connect();
    for (let asking = 0; asking < 3; asking++) {
      expect(stage.resumes(actions)).toHaveLength(1);
      stage.now += 10;
      actions = stage.handle({ type: "tick" });
    }
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.silent }]);
    expect(notices(actions)).toEqual([]);
  });

  it("and refuses to tell what there is, leaves a gap without an end", () => {
    const stage = new Stage();
    stage.connect();
    const refusal = { error_code: "ERR_INTERNAL", error_message: "", details: { resume: CHAT } };
    stage.receive(ErrorResponse, refusal);
    stage.receive(ErrorResponse, refusal);
    expect(notices(stage.receive(ErrorResponse, refusal))).toEqual([
      { type: "gap", chat_id: CHAT, after: 0 },
    ]);
    expect(notices(stage.receive(ErrorResponse, refusal))).toMatchObject([{ type: "error" }]);
  });

  it("and answers with lists that cannot be read has answered: the chat goes on with a gap, and so does the connection", () => {
    const stage = new Stage();
    stage.connect();
    const unreadable = { chat_id: CHAT, after: 0, messages: [{ content: "?" }] };
    const answer = () => stage.receive(anything("message_list"), unreadable);
    expect(notices(answer())).toMatchObject([{ type: "refused", reason: "payload" }]);
    answer();
    expect(notices(answer())).toMatchObject([
      { type: "refused", reason: "payload" },
      { type: "gap", chat_id: CHAT, after: 0 },
    ]);
    stage.now += 29;
    expect(only(stage.handle({ type: "tick" }), "close")).toEqual([]);
  });

  it("and sends messages that cannot be read has answered nothing by that", () => {
    const stage = new Stage();
    stage.connect();
    for (let time = 0; time < 3; time++) {
      const actions = stage.receive(anything("message"), { chat_id: CHAT });
      expect(notices(actions)).toMatchObject([{ type: "refused", reason: "payload" }]);
    }
    expect(notices(stage.list({ after: 0, through: 0 }))).toMatchObject([{ type: "caught_up" }]);
  });

  it("and goes back in seq is reported, and followed", () => {
    const stage = new Stage({ cursors: [[CHAT, 50]] });
    expect(stage.resumes(stage.connect())).toMatchObject([{ after: 50 }]);
    const actions = stage.list({ after: 50, through: 40 });
    expect(notices(actions)).toEqual([
      { type: "rewound", chat_id: CHAT, cursor: 50, last_seq: 40 },
    ]);
    expect(only(actions, "cursor")).toEqual([{ type: "cursor", chat_id: CHAT, seq: 40 }]);
    expect(delivered(stage.receive(ChatMessage, fromBob(41)))).toEqual([41]);
  });

  it("and goes back behind what it sent meanwhile is not followed", () => {
    const stage = new Stage({ cursors: [[CHAT, 50]] });
    stage.connect();
    expect(delivered(stage.receive(ChatMessage, fromBob(51)))).toEqual([51]);
    expect(notices(stage.list({ after: 50, through: 40 }))).toEqual([
      { type: "caught_up", chat_id: CHAT, seq: 51 },
    ]);
  });

  it("and goes back with every answer is not asked without end", () => {
    const stage = new Stage({ cursors: [[CHAT, 50]] });
    let after = stage.resumes(stage.connect())[0]!.after;
    for (let answers = 1; answers <= 3; answers++) {
      const actions = stage.list({ after, through: after - 1 });
      expect(notices(actions)).toMatchObject([
        { type: "rewound", cursor: after, last_seq: after - 1 },
        ...(answers < 3 ? [] : [{ type: "gap", after: after - 1 }, { type: "caught_up" }]),
      ]);
      expect(stage.resumes(actions)).toHaveLength(answers < 3 ? 1 : 0);
      after -= 1;
    }
  });

  it("and says that there are as many messages as there are numbers does no harm that lasts", () => {
    const last = Number.MAX_SAFE_INTEGER;
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect();
    stage.receive(ChatMessage, fromBob(last, { message_id: 3 }));
    const { client_id } = fromAlice(1);
    stage.receive(Ack, { client_id, chat_id: CHAT, message_id: 1, seq: last, stored_at: NOW });
    expect(delivered(stage.list({ after: 0, through: last }))).toEqual([]);
    expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([]);
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    expect(stage.resumes(stage.connect())).toMatchObject([{ after: last }]);
    const honest = stage.list({ after: last, through: 1 });
    expect(notices(honest)).toMatchObject([{ type: "rewound", cursor: last, last_seq: 1 }]);
    expect(delivered(stage.receive(ChatMessage, fromBob(2)))).toEqual([2]);
  });

  it("and answers with a list of thousands, where 100 were asked for, is heard in no more time than they take", () => {
    const stage = new Stage();
    stage.connect();
    const messages = Array.from({ length: 5000 }, (_, at) => fromBob(at + 1));
    const actions = stage.list({ after: 0, through: 5000, messages });
    expect(delivered(actions)).toHaveLength(5000);
    expect(only(actions, "cursor")).toEqual([{ type: "cursor", chat_id: CHAT, seq: 5000 }]);
    const twice = [...messages, ...messages].map((message) => ({ ...message }));
    stage.receive(ChatMessage, fromBob(5002));
    expect(
      delivered(stage.list({ after: 5000, through: 5000, messages: twice.slice(0, 5001) })),
    ).toEqual([]);
  });

  it("and floods its chats with what is ahead of its turn is bounded to 8 MiB; the rest is asked for again", () => {
    const chats = Array.from({ length: 15 }, (_, at) => at + 1);
    const stage = Stage.online({ cursors: chats.map((chat_id) => [chat_id, 0]) });
    const content = new Uint8Array(700_000);
    const receive = (chat_id: number, seq: number) =>
      delivered(
        stage.receive(
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
    expect(delivered(stage.list({ chat_id: 15, after: 0, through: 2, messages }))).toEqual([2]);
  });
});

it.each([
  [523_776, 16],
  [523_777, 15],
])("8 MiB hold messages of %d bytes, with 512 for each, to the number of %d", (bytes, number) => {
  const stage = Stage.online();
  for (let seq = 2; seq <= 17; seq++) {
    const content = new Uint8Array(seq === 17 ? bytes : 523_776);
    stage.receive(ChatMessage, fromBob(seq, { content }));
  }
  expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toHaveLength(1 + number);
});

it("what a connection was flooded with takes no room on the next", () => {
  const content = new Uint8Array(700_000);
  const stage = Stage.online();
  for (let connection = 1; connection <= 3; connection++) {
    const ahead = Array.from({ length: 8 }, (_, at) => fromBob(at + 2, { content }));
    for (const message of ahead) stage.receive(ChatMessage, message);
    if (connection === 3) break;
    stage.handle({ type: "closed", code: 1006 });
    stage.now += 60;
    stage.connect();
  }
  expect(delivered(stage.receive(ChatMessage, fromBob(1)))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

describe("a server that asks for patience", () => {
  const HOUR = 3600;

  it.each([
    ["none that is a number", "soon", 1],
    ["a number in text", "60", 1],
    ["less than none", -5, 1],
    ["no time at all", 0, 1],
    ["a moment", 1e-300, 0.1],
    ["a minute", 60, 60],
    ["for ever", 1e308, HOUR],
  ])("of %s is waited for within bounds", (_, retry_after, seconds) => {
    const stage = new Stage({ outbox: [fromAlice(1)] });
    stage.connect({ ...offer, heartbeat: HOUR });
    for (const subject of [{ client_id: fromAlice(1).client_id }, { resume: CHAT }]) {
      const details = { ...subject, retry_after };
      stage.receive(ErrorResponse, { error_code: "ERR_UNAVAILABLE", error_message: "", details });
    }
    stage.now += seconds * 0.999;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual([]);
    stage.now += seconds * 0.001;
    expect(types(stage, stage.handle({ type: "tick" }))).toEqual(
      expect.arrayContaining(["message", "resume"]),
    );
  });

  it.each([1e-300, 1e300])("by a heartbeat of %d s is heard within bounds", (heartbeat) => {
    const stage = new Stage({ cursors: [] });
    const [wake] = only(stage.connect({ ...offer, heartbeat }), "wake").slice(-1);
    expect(wake!.at - stage.now).toBeCloseTo(heartbeat < 1 ? 0.1 : HOUR);
  });
});

describe("a server's time", () => {
  const welcomedAt = (serverTime: number) => {
    const stage = new Stage();
    stage.handle({ type: "tick" });
    const [hello] = transmitted(stage.handle({ type: "connected" }));
    const { frame } = acceptHello(hello, SESSION_KEY, offer, serverTime)!;
    return stage.handle({ type: "frame", data: frame });
  };

  it.each([-1, -1e-6, 4_320_000_000_000, 1e300])("of %d s is none, and refused", (serverTime) => {
    const actions = welcomedAt(serverTime);
    expect(notices(actions)).toMatchObject([{ type: "refused", reason: "welcome" }]);
    expect(only(actions, "close")).toMatchObject([{ code: CLOSE.protocolError }]);
  });

  it.each([0, 4_319_999_999_999])("of %d s is one", (serverTime) => {
    expect(notices(welcomedAt(serverTime))).toMatchObject([{ type: "online" }]);
  });
});
