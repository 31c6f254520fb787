import { setTimeout as delay } from "node:timers/promises";
import { ChatMessage, Resume, StatusEvent } from "lacre";
import { beforeAll, describe, expect, it } from "vitest";
import { isQuick } from "../../../../test/support/runs.js";
import { until } from "../../harness/until.js";
import { openDatabase } from "../../src/database/open-database.js";
import { insertMessages } from "../storage/many-messages.js";
import { messageIn, type TestUser, type UsersWithChat } from "../support.js";
import { useLimitedServer } from "./limited-server.js";
import type { TestConnection } from "./test-connection.js";

interface Users extends UsersWithChat {
  /** Id of the chat of bob and carol. */
  readonly otherChat: number;
}

/** Runs a limited server. The chat of alice and bob has 100 messages of 2 kB. */
function useServer(pointsPerSecond: number) {
  const { server, users } = useLimitedServer(pointsPerSecond);
  beforeAll(async () => {
    const { bob, chat_id } = users;
    Object.assign(users, { otherChat: await bob.chatWith("carol") });
    const db = openDatabase(server.database);
    await insertMessages(db, { chat_id, sender_id: bob.id, count: 100, bytes: 2048 });
    await db.destroy();
  });
  return { server, users: users as Users };
}

const connections = (user: TestUser, count: number) =>
  Promise.all(Array.from({ length: count }, () => user.connect()));
const typing = (chat_id: number, user_id: number) =>
  ({ event_type: "typing", chat_id, user_id }) as const;

/** Returns the next frames, which are not about presence. */
async function nextFrames(connection: TestConnection, count: number) {
  const answers = [];
  while (answers.length < count) answers.push(await connection.next());
  return answers as { type: string; value: { error_code?: string; details?: object } }[];
}

describe("frame rate limit", () => {
  // A burst of 100 points, and then 20 a second.
  const { server, users } = useServer(20);
  const isRejected = ({ type }: { type: string }) => type === "error";

  it.skipIf(isQuick)("applies to all connections of a user together", async () => {
    const { alice, chat_id } = users;
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
        // Skip the messages of the user's other connections.
        if (type === "ack" || type === "error") answers += 1;
        if (type === "ack") granted += 1;
      }
    };
    await Promise.all(all.map(count));
    const seconds = (performance.now() - begun) / 1000;
    // Instances share the budget with a delay, so each of them may grant a complete burst.
    expect(granted).toBeLessThanOrEqual(100 * server.instances + 20 * seconds + 1);
    for (const { socket } of all) socket.terminate();
  });

  it("charges a resume by the size of its answer, and sends retry_after", async () => {
    const { bob, chat_id } = users;
    const connection = await bob.connect();
    for (let count = 0; count < 12; count++) {
      connection.send(Resume, { chat_id, after: 0, limit: 100 });
    }
    const answers = await nextFrames(connection, 12);
    expect(answers.filter((one) => !isRejected(one)).length).toBeLessThanOrEqual(8);
    const rejected = answers.filter(isRejected);
    expect(rejected.length).toBeGreaterThan(0);
    expect(rejected[0]).toMatchObject({
      value: {
        error_code: "ERR_RATE_LIMITED",
        details: { resume: chat_id, retry_after: expect.any(Number) },
      },
    });
    connection.socket.terminate();
  });
});

describe("many requests of one user", () => {
  const { server, users } = useServer(100_000);

  it("do not delay other users until all of them are answered", async () => {
    const { alice, bob, carol, chat_id, otherChat } = users;
    const busy = await connections(alice, 20);
    const ofCarol = await carol.connect();
    let answered = 0;
    for (const { socket } of busy) socket.on("message", () => answered++);
    answered = 0;
    const each = 50;
    for (const connection of busy) {
      for (let count = 0; count < each; count++) {
        connection.send(Resume, { chat_id, after: 0, limit: 100 });
      }
    }
    const total = busy.length * each;
    expect(await until(() => answered > 0, 30)).toBe(true);
    for (let count = 0; count < 3; count++) {
      const before = answered;
      ofCarol.send(ChatMessage, messageIn(otherChat, carol.id));
      await ofCarol.nextOf("ack");
      // SQLite answers no other queries during a commit, but PostgreSQL does.
      if (server.instances === 1) expect(answered - before).toBeLessThan(busy.length);
    }
    expect(answered).toBeLessThan(total / 2);
    expect((await bob.get("/users/me")).status).toBe(200);
    expect(answered).toBeLessThan(total);
    for (const { socket } of [...busy, ofCarol]) socket.terminate();
  });
});

describe("typing", () => {
  const { users } = useServer(1000);

  it("is delivered to the other member at most once a second, and not to its sender", async () => {
    const { alice, bob, chat_id } = users;
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
    let received = 0;
    for (;;) {
      const { type } = await ofBob.next();
      if (type === "message") break;
      expect(type).toBe("status");
      received += 1;
    }
    const seconds = (performance.now() - begun) / 1000;
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThanOrEqual(1 + seconds);
    expect((await own!.next()).type).toBe("message");
    expect(await own!.isQuiet()).toBe(true);
    await delay(1100);
    first!.send(StatusEvent, typing(chat_id, alice.id));
    expect(await ofBob.next()).toMatchObject({ type: "status", value: { event_type: "typing" } });
    for (const { socket } of [first!, second!, own!, ofBob]) socket.terminate();
  });
});
