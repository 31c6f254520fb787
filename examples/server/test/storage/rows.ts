import { randomBytes, randomUUID } from "node:crypto";
import type { Kysely } from "kysely";
import type { Chat } from "../../src/database/members.js";
import type { Schema, User } from "../../src/database/schema.js";
import type { Store } from "../../src/database/store.js";
import { messageIn } from "../support.js";
import { storeMessage } from "./store-message.js";

const now = () => Date.now() / 1000;

export async function createUser(store: Store, username: string): Promise<User> {
  const user = { username, username_key: username, uuid: randomUUID(), hashed_password: "-" };
  return (await store.users.create({ ...user, created_at: now() }, [username]))!;
}

export async function createChat(
  store: Store,
  one: User,
  other: User,
  auto_delete_hours: number | null = null,
): Promise<Chat> {
  const { id } = (await store.chats.create({
    chat_uuid: randomUUID(),
    created_by: one.id,
    peer_id: other.id,
    encryption_type: "lacre/e2e/1",
    auto_delete_hours,
    created_at: now(),
  }))!;
  await store.chats.setContact(id, { user_id: other.id, action: "accept", now: now() });
  return (await store.chats.find(id, one.id))!;
}

/** Columns of a device entry and of a key package, without those that name the device. */
export const ENTRY = { seq: 1, head: new Uint8Array(32), entry: new Uint8Array(289), stored_at: 0 };
export const KEY_PACKAGE = {
  suite: 1,
  is_last_resort: 0,
  digest: new Uint8Array(32),
  key_package: new Uint8Array(300),
};

/** Creates an MLS chat of one member. */
export function createMlsChat(
  store: Store,
  { creator, invited }: { creator: number; invited: readonly number[] },
): Promise<Chat> {
  return store.transaction((inside) =>
    inside.chats.createMls({
      chat_uuid: randomUUID(),
      created_by: creator,
      encryption_type: "MLS",
      auto_delete_hours: null,
      created_at: now(),
      suite: 1,
      invited,
    }),
  );
}

/** Adds a member to an MLS chat, as a commit with the seq `join_seq` does. */
export async function addMember(
  db: Kysely<Schema>,
  member: { chat_id: number; user_id: number; join_seq: number },
): Promise<void> {
  await db
    .insertInto("chat_members")
    .values({ ...member, role: "member", accepted_at: now() })
    .execute();
}

/** Inserts a row into each table. */
export async function insertIntoEachTable(store: Store): Promise<void> {
  const alice = await createUser(store, "alice");
  const bob = await createUser(store, "bob");
  const chat = await createChat(store, alice, bob, 1);
  await storeMessage(store, messageIn(chat.id, alice.id));
  await createMlsChat(store, { creator: alice.id, invited: [bob.id] });
  const bytes = () => new Uint8Array(randomBytes(16));
  const session = { id: bytes(), user_id: bob.id, refresh_id: bytes(), expires_at: now() + 60 };
  await store.sessions.create({ ...session, created_at: now() });
  const device = { user_id: bob.id, device: "ab".repeat(16) };
  await store.devices.addEntry({ ...ENTRY, user_id: bob.id });
  await store.devices.add(bob.id, device.device);
  await store.devices.keepAcceptance({ ...device, acceptance: bytes(), expires_at: 0 });
  await store.keyPackages.add([{ ...KEY_PACKAGE, ...device }]);
  await store.commits.advance(chat.id, 1, bytes());
  await store.commits.invite(chat.id, [device], { content: bytes(), now: now() });
  await store.sessions.bind(session.id, device.device);
  await store.history.replaceKey(bob.id, { key_id: "cd".repeat(16), history_key: bytes() });
  await store.history.write({ ...device, chat_id: chat.id, first_seq: 1 }, bytes());
  const key = { id: "secret", purpose: "session-secret", material: bytes() } as const;
  await store.serverKeys.add({ ...key, created_at: now() });
}
