import type { ChatSummary } from "lacre";
import { type ChatKey, deriveChatKey, generateSalt } from "lacre/e2e";
import type { Account } from "./account.js";
import { toBase64 } from "./api.js";
import { Failure } from "./failure.js";
import type { Pin } from "./profile.js";
import { isSameName } from "./usernames.js";

const ITERATIONS = 600_000;
const ENCRYPTION_TYPE = "lacre/e2e/1";

/** A chat whose key is the one that both members have. */
export interface OpenChat {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  readonly key: ChatKey;
  readonly pin: Pin;
}

async function findChat(account: Account, peerName: string): Promise<ChatSummary | undefined> {
  const chats = await account.listChats();
  return chats.find(({ peer_name }) => isSameName(peer_name, peerName));
}

/** Finds the chat with somebody, or makes it. Both members may try that at once, and the server takes the first. */
export async function findOrCreateChat(
  account: Account,
  peerName: string,
  readPassphrase: (isNewChat: boolean) => Promise<string>,
): Promise<OpenChat> {
  const { api, profile } = account;
  const existing = await findChat(account, peerName);
  const passphrase = await readPassphrase(existing === undefined);
  if (existing !== undefined) return openChat(existing, passphrase, profile.pins);

  const salt = generateSalt();
  const key = await deriveChatKey(passphrase, { salt, iterations: ITERATIONS });
  const isOurs = await api.createChat(peerName, {
    salt,
    iterations: ITERATIONS,
    key_check: key.check,
    encryption_type: ENCRYPTION_TYPE,
  });
  const chat = await findChat(account, peerName);
  if (chat === undefined) throw new Failure(`the server lost the chat with ${peerName}: try again`);
  if (!isOurs) return openChat(chat, passphrase, profile.pins);
  const pin = pinOf({ ...chat, salt, iterations: ITERATIONS, key_check: key.check });
  assertPinned(chat, pin);
  return { ...chat, key, pin };
}

/** Derives the chat's key from the server's parameters, and holds it to the chat's check. Throws KeyError. */
export async function openChat(
  chat: ChatSummary,
  passphrase: string,
  pins: Readonly<Record<string, Pin>>,
): Promise<OpenChat> {
  const { salt, iterations, key_check, peer_name } = chat;
  if (salt === undefined || iterations === undefined || key_check === undefined) {
    throw new Failure(`the chat with ${peer_name} has no key parameters: it is not encrypted`);
  }
  const pinned = pins[peer_name];
  if (pinned !== undefined) assertPinned(chat, pinned);
  const key = await deriveChatKey(passphrase, { salt, iterations });
  key.assertCheck(key_check);
  return { ...chat, key, pin: pinOf({ ...chat, salt, iterations, key_check }) };
}

/** The server is not trusted with these: whoever changes them wants another key to be used. */
function assertPinned(chat: ChatSummary, pinned: Pin): void {
  const { salt = new Uint8Array(), iterations = 0, key_check = new Uint8Array() } = chat;
  const given: Pin = pinOf({ ...chat, salt, iterations, key_check });
  const changed = Object.keys(pinned).filter(
    (field) => pinned[field as keyof Pin] !== given[field as keyof Pin],
  );
  if (changed.length === 0) return;
  throw new Failure(
    `the server changed ${changed.join(", ")} of your chat with ${chat.peer_name}, which must never change: ` +
      "nothing was sent. Ask whoever runs the server",
  );
}

function pinOf({
  chat_id,
  peer_id,
  salt,
  iterations,
  key_check,
}: ChatSummary & { salt: Uint8Array; iterations: number; key_check: Uint8Array }): Pin {
  return { chat_id, peer_id, salt: toBase64(salt), iterations, key_check: toBase64(key_check) };
}
