import type { Kysely } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { atomicallyOrUndefined } from "../../src/database/atomically.js";
import type { ChatParameters, Schema } from "../../src/database/schema.js";
import { Store } from "../../src/database/store.js";
import { messageIn } from "../support.js";
import { onEachDatabase } from "./databases.js";
import { StorageFixture } from "./fixture.js";
import { createChat, createUser } from "./rows.js";
import { storeMessage } from "./store-message.js";
import { withoutUpdatesOf } from "./triggers.js";

const ROUNDS = 12;

const parametersOf = (byte: number): ChatParameters => ({
  salt: new Uint8Array(16).fill(byte),
  iterations: 600_000,
  key_check: new Uint8Array(16).fill(byte),
});

onEachDatabase("restarting a chat", (dialect) => {
  let fixture: StorageFixture;
  let elsewhere: Store;
  let db: Kysely<Schema>;
  beforeAll(async () => {
    fixture = await StorageFixture.create(dialect);
    db = fixture.database();
    elsewhere = fixture.open();
  });
  afterAll(async () => {
    await db.destroy();
    await fixture.remove();
  });

  /** Creates a chat of alice with a new user, and two messages of alice. */
  async function createChatOfAlice(name: string): Promise<{ id: number; peerId: number }> {
    const peer = await createUser(fixture.store, name);
    const { id } = await createChat(fixture.store, fixture.alice, peer);
    await storeMessage(fixture.store, messageIn(id, fixture.alice.id));
    await storeMessage(fixture.store, messageIn(id, fixture.alice.id));
    return { id, peerId: peer.id };
  }

  const restart = (id: number) =>
    atomicallyOrUndefined(db, async (inside) => {
      const subject = { id, creator: fixture.alice.id };
      return (await new Store(inside).chats.restart(subject, parametersOf(9))) || undefined;
    });
  const remaining = async (id: number) =>
    (await fixture.store.messagePages.read(id, { limit: 10, stored_after: 0 })).messages.map(
      ({ seq }) => seq,
    );
  const isRestarted = async (id: number) =>
    Buffer.from((await fixture.store.chats.find(id, fixture.alice.id))!.salt ?? []).equals(
      Buffer.alloc(16, 9),
    );

  it("deletes all messages and reuses no seq", async () => {
    const { id } = await createChatOfAlice("first");
    expect(await restart(id)).toBe(true);
    expect(await remaining(id)).toEqual([]);
    const { stored } = await storeMessage(fixture.store, messageIn(id, fixture.alice.id));
    expect(stored.seq).toBe(3);
    expect(await remaining(id)).toEqual([3]);
  });

  it("updates only messages that still have a content", async () => {
    const { id } = await createChatOfAlice("often");
    expect(await restart(id)).toBe(true);
    await storeMessage(fixture.store, messageIn(id, fixture.alice.id));
    await withoutUpdatesOf("messages", "old.encrypted_content is null", db, async () => {
      expect(await restart(id)).toBe(true);
      expect(await restart(id)).toBe(true);
    });
    expect(await remaining(id)).toEqual([]);
  });

  it("updates no messages if the other member has written or read", async () => {
    const [written, read] = [await createChatOfAlice("written"), await createChatOfAlice("read")];
    await storeMessage(fixture.store, messageIn(written.id, written.peerId));
    await fixture.store.messages.raiseWatermark("read", {
      chat_id: read.id,
      user_id: read.peerId,
      seq: 1,
    });
    await withoutUpdatesOf("messages", "true", db, async () => {
      expect(await restart(written.id)).toBe(undefined);
      expect(await restart(read.id)).toBe(undefined);
    });
  });

  it("succeeds or changes nothing if the other member writes simultaneously", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { id, peerId } = await createChatOfAlice(`writer${round}`);
      const [restarted] = await Promise.all([
        restart(id),
        storeMessage(elsewhere, messageIn(id, peerId)),
      ]);
      expect(await remaining(id)).toEqual(restarted ? [3] : [1, 2, 3]);
      expect(await isRestarted(id)).toBe(restarted === true);
    }
  });

  it("succeeds or changes nothing if the other member reads simultaneously", async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const { id, peerId } = await createChatOfAlice(`reader${round}`);
      const [restarted] = await Promise.all([
        restart(id),
        elsewhere.messages.raiseWatermark("read", { chat_id: id, user_id: peerId, seq: 2 }),
      ]);
      expect(await remaining(id)).toEqual(restarted ? [] : [1, 2]);
      expect(await isRestarted(id)).toBe(restarted === true);
      expect(await restart(id)).toBe(undefined);
    }
  });
});
