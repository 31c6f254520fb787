import { setTimeout as delay } from "node:timers/promises";
import { ChatMessage, Resume, StatusEvent } from "lacre";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isQuick } from "../../../../test/support/runs.js";
import { until } from "../../harness/until.js";
import { openDatabase } from "../../src/database/open-database.js";
import { insertMessages } from "../storage/many-messages.js";
import { messageIn, TestServer, type TestUser } from "../support.js";
import type { TestConnection } from "./test-connection.js";

interface People {
  alice: TestUser;
  bob: TestUser;
  carol: TestUser;
  /** Of alice and bob, and of bob and carol. */
  chat_id: number;
  otherChat: number;
}

/** A server that grants so many points a second, with a chat in which there are 100 messages of 2 kB. */
function stage(pointsPerSecond: number) {
  const server = new TestServer(undefined, { RATE_LIMIT_FRAMES: String(pointsPerSecond) });
  const people = {} as People;
  beforeAll(async () => {
    await server.start();
    people.alice = await server.register("alice");
    people.bob = await server.register("bob");
    people.carol = await server.register("carol");
    people.chat_id = await people.alice.chatWith("bob");
    people.otherChat = await people.bob.chatWith("carol");
    const db = openDatabase(server.database);
    const { chat_id, bob } = people;
    await insertMessages(db, { chat_id, sender_id: bob.id, count: 100, bytes: 2048 });
    await db.destroy();
  });
  afterAll(() => server.remove());
  return { server, people };
}

const connections = (user: TestUser, count: number) =>
  Promise.all(Array.from({ length: count }, () => user.connect()));
const typing = (chat_id: number, user_id: number) =>
  ({ event_type: "typing", chat_id, user_id }) as const;

async function answersTo(connection: TestConnection, count: number) {
  const answers = [];
  while (answers.length < count) answers.push(await connection.next());
  return answers as { type: string; value: { error_code?: string; details?: object } }[];
}

describe("the limit of a user's frames", () => {
  // A hundred points at once, and then twenty a second.
  const { server, people } = stage(20);
  const isRefused = ({ type }: { type: string }) => type === "error";

  it.skipIf(isQuick)("holds for all connections together", async () => {
    const { alice, chat_id } = people;
    const all = await connections(alice, 5);
    const begun = performance.now();
    for (const connection of all) {
      for (let count = 0; count < 80; count++) {
        connection.send(ChatMessage, messageIn(chat_id, alice.id));
      }
    }
    let granted = 0;
    const count = async (connection: TestConnection) => {
      for (let answers = 0; answers < 80; ) {
        const { type } = await connection.next();
        // The user's other connections hand their messages on.
        if (type === "ack" || type === "error") answers += 1;
        if (type === "ack") granted += 1;
      }
    };
    await Promise.all(all.map(count));
    const seconds = (performance.now() - begun) / 1000;
    // Instances hear of each other's a moment later: each may grant what there is at once.
    expect(granted).toBeLessThanOrEqual(100 * server.instances + 20 * seconds + 1);
    for (const { socket } of all) socket.terminate();
  });

  it("counts an answer as the work that it is, and says when there is more", async () => {
    const { bob, chat_id } = people;
    const connection = await bob.connect();
    for (let count = 0; count < 12; count++) {
      connection.send(Resume, { chat_id, after: 0, limit: 100 });
    }
    const answers = await answersTo(connection, 12);
    expect(answers.filter((one) => !isRefused(one)).length).toBeLessThanOrEqual(8);
    const refused = answers.filter(isRefused);
    expect(refused.length).toBeGreaterThan(0);
    expect(refused[0]).toMatchObject({
      value: {
        error_code: "ERR_RATE_LIMITED",
        details: { resume: chat_id, retry_after: expect.any(Number) },
      },
    });
    connection.socket.terminate();
  });
});

describe("one user who asks for much", () => {
  const { server, people } = stage(100_000);

  it("does not keep others waiting until all of it is answered", async () => {
    const { alice, bob, carol, chat_id, otherChat } = people;
    const greedy = await connections(alice, 20);
    const ofCarol = await carol.connect();
    let answered = 0;
    for (const { socket } of greedy) socket.on("message", () => answered++);
    answered = 0;
    const each = 50;
    for (const connection of greedy) {
      for (let count = 0; count < each; count++) {
        connection.send(Resume, { chat_id, after: 0, limit: 100 });
      }
    }
    const total = greedy.length * each;
    expect(await until(() => answered > 0, 30)).toBe(true);
    for (let count = 0; count < 3; count++) {
      const before = answered;
      ofCarol.send(ChatMessage, messageIn(otherChat, carol.id));
      await ofCarol.nextOf("ack");
      // PostgreSQL answers others while it commits; SQLite does nothing else.
      if (server.instances === 1) expect(answered - before).toBeLessThan(greedy.length);
    }
    expect(answered).toBeLessThan(total / 2);
    expect((await bob.get("/users/me")).status).toBe(200);
    expect(answered).toBeLessThan(total);
    for (const { socket } of [...greedy, ofCarol]) socket.terminate();
  });
});

describe("typing", () => {
  const { people } = stage(1000);

  it("goes to the other member, once a second at most, and to no connection of its sender", async () => {
    const { alice, bob, chat_id } = people;
    const [first, second, own] = await connections(alice, 3);
    const ofBob = await bob.connect();
    const begun = performance.now();
    for (let count = 0; count < 20; count++) {
      for (const connection of [first!, second!]) {
        connection.send(StatusEvent, typing(chat_id, alice.id));
      }
    }
    const message = messageIn(chat_id, alice.id);
    await Promise.all([first!.isQuiet(), second!.isQuiet()]);
    first!.send(ChatMessage, message);
    let told = 0;
    for (;;) {
      const { type } = await ofBob.next();
      if (type === "message") break;
      expect(type).toBe("status");
      told += 1;
    }
    const seconds = (performance.now() - begun) / 1000;
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(1 + seconds);
    expect((await own!.next()).type).toBe("message");
    expect(await own!.isQuiet()).toBe(true);
    await delay(1100);
    first!.send(StatusEvent, typing(chat_id, alice.id));
    expect(await ofBob.next()).toMatchObject({ type: "status", value: { event_type: "typing" } });
    for (const { socket } of [first!, second!, own!, ofBob]) socket.terminate();
  });
});
