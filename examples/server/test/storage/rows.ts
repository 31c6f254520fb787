import { randomBytes, randomUUID } from "node:crypto";
import type { Chat } from "../../src/database/members.js";
import type { User } from "../../src/database/schema.js";
import type { Store } from "../../src/database/store.js";
import { storeMessage } from "../../src/messages/store-message.js";
import { messageIn } from "../support.js";

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

/** Inserts a row into each table. */
export async function insertIntoEachTable(store: Store): Promise<void> {
  const alice = await createUser(store, "alice");
  const bob = await createUser(store, "bob");
  const chat = await createChat(store, alice, bob, 1);
  await storeMessage(store, messageIn(chat.id, alice.id));
  const bytes = () => new Uint8Array(randomBytes(16));
  const session = { id: bytes(), user_id: bob.id, refresh_id: bytes(), expires_at: now() + 60 };
  await store.sessions.create({ ...session, created_at: now() });
  const key = { id: "secret", purpose: "session-secret", material: bytes() } as const;
  await store.serverKeys.add({ ...key, created_at: now() });
}
