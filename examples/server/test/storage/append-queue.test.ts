import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { ChatMessage } from "lacre";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Store } from "../../src/database/store.js";
import { AppendQueue } from "../../src/messages/append-queue.js";
import { messageIn } from "../support.js";
import { describeOnPostgres, onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { addMember, createChat, createMlsChat, createUser } from "./rows.js";

/** Returns what became of messages that are added together: their seqs and whether they are new, or the codes of their errors. */
async function addAll(queue: AppendQueue, messages: readonly ChatMessage[]): Promise<unknown[]> {
  const added = await Promise.allSettled(messages.map((message) => queue.add(message)));
  return added.map((one) =>
    one.status === "rejected"
      ? (one.reason.code ?? one.reason.name)
      : [one.value.stored.seq, one.value.isNew],
  );
}

const countTransactions = (store: Store) => vi.spyOn(store, "transaction");
const sized = (chat_id: number, sender: number, bytes: number) =>
  messageIn(chat_id, sender, { content: new Uint8Array(bytes) });

onEachDatabase("the queue of messages", (dialect) => {
  let fixture: StorageFixture;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
  });
  afterAll(() => fixture.remove());
  afterEach(() => vi.restoreAllMocks());

  const newChat = () => createPair(fixture.store);

  it("decides about each message of a batch on its own", async () => {
    const { store, carol } = fixture;
    const [chat, one, other] = await newChat();
    const queue = new AppendQueue(store);
    const first = messageIn(chat, one);
    await queue.add(first);
    const second = messageIn(chat, other);
    const changed = (message: ChatMessage) => ({ ...message, content: new Uint8Array(9) });
    const transactions = countTransactions(store);
    const outcomes = await addAll(queue, [
      messageIn(chat, one),
      first,
      changed(first),
      second,
      second,
      changed(second),
      messageIn(chat, carol.id),
      { ...messageIn(chat, one), epoch: 1 },
      { ...second, sender_id: one },
      messageIn(Number.MAX_SAFE_INTEGER, one),
      messageIn(chat, one),
    ]);
    expect(outcomes).toEqual([
      [2, true],
      [1, false],
      "ERR_CLIENT_ID_REUSED",
      [3, true],
      [3, false],
      "ERR_CLIENT_ID_REUSED",
      "ERR_FORBIDDEN",
      "ERR_UNSUPPORTED",
      [4, true],
      "ERR_FORBIDDEN",
      [5, true],
    ]);
    expect(transactions).toHaveBeenCalledTimes(1);
    expect((await store.chats.find(chat, one))!.last_seq).toBe(5);
  });

  it("lets each message see what those before it in the batch change", async () => {
    const { store, alice } = fixture;
    const peer = await createUser(store, `peer ${randomBytes(4).toString("hex")}`);
    const id = await createRequest(store, alice.id, peer.id);
    const queue = new AppendQueue(store);
    const accepted = messageIn(id, peer.id);
    const outcomes = await addAll(queue, [
      messageIn(id, alice.id),
      messageIn(id, alice.id),
      accepted,
      messageIn(id, alice.id),
    ]);
    expect(outcomes).toEqual([[1, true], "ERR_NOT_ACCEPTED", [2, true], [3, true]]);
    const { members } = (await store.chats.find(id, peer.id))!;
    expect(members.every(({ hasAccepted }) => hasAccepted)).toBe(true);
  });

  it("counts the bytes of the batch against the quota of each sender", async () => {
    const [chat, one, other] = await newChat();
    const [second] = await createPair(fixture.store, one);
    const queue = new AppendQueue(fixture.store, { maxStoredBytes: 1000 });
    await queue.add(sized(chat, one, 300));
    const outcomes = await addAll(queue, [
      sized(second, one, 400),
      sized(chat, one, 301),
      sized(chat, other, 1000),
      sized(chat, one, 300),
      sized(chat, one, 1),
    ]);
    const full = "ERR_QUOTA_EXCEEDED";
    expect(outcomes).toEqual([[1, true], full, [2, true], [3, true], full]);
  });

  it("keeps the others if a message cannot be stored", async () => {
    const [chat, one] = await newChat();
    const [elsewhere, sender] = await newChat();
    const broken = { ...messageIn(chat, one), timestamp: Number.NaN };
    const outcomes = await addAll(new AppendQueue(fixture.store), [
      messageIn(chat, one),
      broken,
      messageIn(elsewhere, sender),
      messageIn(chat, one),
    ]);
    expect(outcomes).toEqual([[1, true], expect.any(String), [1, true], [2, true]]);
  });

  it.each([
    [512, 1],
    [513, 2],
  ])("stores %i messages in %i transactions", async (count, expected) => {
    const [chat, one] = await newChat();
    const transactions = countTransactions(fixture.store);
    const messages = Array.from({ length: count }, () => messageIn(chat, one));
    const outcomes = await addAll(new AppendQueue(fixture.store), messages);
    expect(outcomes).toEqual(messages.map((_, index) => [index + 1, true]));
    expect(transactions).toHaveBeenCalledTimes(expected);
  });

  it.each([
    [0, 1],
    [1, 2],
  ])("stores messages of 4 MiB and %i bytes in %i transactions", async (more, expected) => {
    const [chat, one] = await newChat();
    const transactions = countTransactions(fixture.store);
    const mebibyte = 1024 * 1024;
    const sizes = [mebibyte, mebibyte, mebibyte, mebibyte + more];
    const messages = sizes.map((size) => sized(chat, one, size));
    await addAll(new AppendQueue(fixture.store), messages);
    expect(transactions).toHaveBeenCalledTimes(expected);
  });

  it("gives each message its own id", async () => {
    const [chat, one, other] = await newChat();
    const queue = new AppendQueue(fixture.store);
    const messages = Array.from({ length: 75 }, (_, at) => messageIn(chat, at % 2 ? one : other));
    const added = await Promise.all(messages.map((message) => queue.add(message)));
    const page = { after: 0, limit: 100, stored_after: 0 };
    const { messages: rows } = await fixture.store.messagePages.read(chat, page);
    expect(rows.map(({ id, seq, client_id }) => [id, seq, client_id])).toEqual(
      added.map(({ stored }, at) => [stored.id, stored.seq, messages[at]!.client_id]),
    );
  });

  it("has no deadlock and no gap with two instances that write to the same chats", async () => {
    const { store } = fixture;
    const members: number[] = [];
    for (let at = 0; at < 6; at++)
      members.push((await createUser(store, `member ${at} of ${dialect}`)).id);
    const chats: number[] = [];
    const db = fixture.database();
    for (let at = 0; at < 12; at++) {
      const [creator, ...others] = members;
      const { id } = await createMlsChat(store, { creator: creator!, invited: others });
      // A chat without suite takes messages of any member.
      await db.updateTable("chats").set({ suite: null }).where("id", "=", id).execute();
      for (const user_id of others) await addMember(db, { chat_id: id, user_id, join_seq: 0 });
      chats.push(id);
    }
    const stores = [store, fixture.open()];
    const queues = stores.map((one) => new AppendQueue(one));
    const transactions = stores.map(countTransactions);
    for (let round = 0; round < 40; round++) {
      const added = queues.flatMap((queue, at) => {
        // In every second round, only the senders are the same: the bytes that they store are counted.
        const own = chats.filter((_, index) => round % 2 === 0 || index % 2 === at);
        const inOrder = own.map((id, index) => messageIn(id, members[index % 6]!));
        return (at === 0 ? inOrder : inOrder.reverse()).map((message) => queue.add(message));
      });
      await Promise.all(added);
    }
    // A batch that a deadlock aborted would have been stored in parts.
    const results = transactions.flatMap(({ mock }) => mock.settledResults);
    expect(results.filter(({ type }) => type !== "fulfilled")).toEqual([]);
    for (const id of chats) {
      const page = { after: 0, limit: 100, stored_after: 0 };
      const { messages } = await store.messagePages.read(id, page);
      expect(messages.map(({ seq }) => seq)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    }
    await db.destroy();
  });
});

describeOnPostgres("on PostgreSQL, the queue of messages", () => {
  it("stores the other chats, and this one too, if a lock of a chat makes a deadlock", async () => {
    const fixture = await StorageFixture.create("postgresql");
    const { store } = fixture;
    const [first, one] = await createPair(store);
    const [second, other] = await createPair(store);
    const queue = new AppendQueue(fixture.open());
    let outcomes: Promise<unknown[]> | undefined;
    await store.transaction(async ({ appends }) => {
      await appends.read([{ chat_id: second, sender_id: other }]);
      outcomes = addAll(queue, [messageIn(first, one), messageIn(second, other)]);
      await delay(200);
      // The batch has waited for longer, and PostgreSQL aborts it.
      await appends.read([{ chat_id: first, sender_id: one }]);
    });
    expect(await outcomes).toEqual([
      [1, true],
      [1, true],
    ]);
    await fixture.remove();
  });
});

/** Creates an accepted chat of two new users, or of a user and a new one. Returns its id and those of the users. */
async function createPair(store: Store, user?: number): Promise<[number, number, number]> {
  const name = () => `user ${randomBytes(6).toString("hex")}`;
  const one = user === undefined ? await createUser(store, name()) : await store.users.find(user);
  const other = await createUser(store, name());
  return [(await createChat(store, one!, other)).id, one!.id, other.id];
}

/** Creates a chat that its other member has not accepted. */
async function createRequest(store: Store, created_by: number, peer_id: number): Promise<number> {
  const request = { created_by, peer_id, chat_uuid: randomBytes(16).toString("hex") };
  const rest = { encryption_type: "-", auto_delete_hours: null, created_at: 0 };
  return (await store.chats.create({ ...request, ...rest }))!.id;
}
