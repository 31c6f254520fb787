import type { ChatSummary } from "lacre";
import { type ChatKey, deriveChatKey, generateSalt } from "lacre/e2e";
import type { Account } from "./account.js";
import { ChatChanged, ChatNotEncrypted, NotThisProtocol, ServerRefusal } from "./errors.js";
import type { Pin } from "./stores.js";
import { isSameName } from "./usernames.js";

const ITERATIONS = 600_000;
const ENCRYPTION_TYPE = "lacre/e2e/1";

/** A chat whose key is the one that both members have. */
export interface OpenChat {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  readonly key: ChatKey;
}

/** The chat with somebody, if there is one. */
export async function findChat(
  account: Account,
  peerName: string,
): Promise<ChatSummary | undefined> {
  const chats = await account.listChats();
  return chats.find(({ peer_name }) => isSameName(peer_name, peerName));
}

/**
 * Opens a chat with its passphrase, and pins what the passphrase made the key with. Throws KeyError `ERR_WRONG_PASSPHRASE`
 * before anything was encrypted or decrypted, ChatChanged and ChatNotEncrypted.
 */
export async function openChat(
  account: Account,
  chat: ChatSummary,
  passphrase: string,
): Promise<OpenChat> {
  const pin = await pinOf(account, chat);
  const { salt, iterations, key_check: check } = pin;
  const extractable = account.stores.keys.needsExport;
  const key = await deriveChatKey(passphrase, { salt, iterations, check, extractable });
  return keep(account, pin, key);
}

/** Opens a chat with the key that is kept for it, if there is one. Throws ChatChanged and ChatNotEncrypted. */
export async function openKeptChat(
  account: Account,
  chat: ChatSummary,
): Promise<OpenChat | undefined> {
  const key = await account.stores.keys.get(chat.chat_id);
  if (key === undefined) return undefined;
  const { key_check, chat_id, peer_id, peer_name } = await pinOf(account, chat);
  key.assertCheck(key_check);
  return { chat_id, peer_id, peer_name, key };
}

/**
 * Begins a chat under a passphrase. Both members may try that at once, and the server takes the first; the other's then has
 * to be the same passphrase. Throws what `openChat` throws, and ServerRefusal.
 */
export async function createChat(
  account: Account,
  peerName: string,
  passphrase: string,
): Promise<OpenChat> {
  const parameters = { salt: generateSalt(), iterations: ITERATIONS };
  const extractable = account.stores.keys.needsExport;
  const key = await deriveChatKey(passphrase, { ...parameters, extractable });
  const asked = { ...parameters, key_check: key.check, encryption_type: ENCRYPTION_TYPE };
  let created: ChatSummary;
  try {
    created = await account.api.createChat({ ...asked, peer_name: peerName });
  } catch (error) {
    if (!(error instanceof ServerRefusal) || error.code !== "ERR_CHAT_EXISTS") throw error;
    const existing = await findChat(account, peerName);
    if (existing !== undefined) return openChat(account, existing, passphrase);
    throw new NotThisProtocol(account.api.server, "that there is a chat, and does not list it");
  }
  const { chat_id, peer_id, peer_name } = created;
  if (!isSameName(peer_name, peerName)) throw new ChatChanged(peerName, ["peer_name"]);
  // What was asked for, not what the answer says.
  const pin = { chat_id, peer_id, peer_name, ...asked };
  assertUnchanged(created, pin);
  return keep(account, pin, key);
}

/** What a chat's key is made with: as pinned, if it was opened before. */
async function pinOf(account: Account, chat: ChatSummary): Promise<Pin> {
  const { chat_id, peer_id, peer_name, salt, iterations, key_check } = chat;
  const pins = await account.stores.pins.list();
  const isOfChat = (pin: Pin) => pin.chat_id === chat_id || isSameName(pin.peer_name, peer_name);
  for (const pin of pins.filter(isOfChat)) assertUnchanged(chat, pin);
  if (salt === undefined || iterations === undefined || key_check === undefined) {
    throw new ChatNotEncrypted(peer_name);
  }
  return { chat_id, peer_id, peer_name, salt, iterations, key_check };
}

/** The server is not trusted with these: whoever changes them wants another key to be used, or another to be written to. */
function assertUnchanged(chat: ChatSummary, pin: Pin): void {
  const fields = ["chat_id", "peer_id", "peer_name", "salt", "iterations", "key_check"] as const;
  const changed = fields.filter((field) => String(chat[field]) !== String(pin[field]));
  if (changed.length > 0) throw new ChatChanged(pin.peer_name, changed);
}

async function keep(account: Account, pin: Pin, key: ChatKey): Promise<OpenChat> {
  const { stores } = account;
  const { chat_id, peer_id, peer_name } = pin;
  const { salt, iterations, key_check } = pin;
  await stores.pins.add({ chat_id, peer_id, peer_name, salt, iterations, key_check });
  await stores.keys.put(chat_id, key);
  return { chat_id, peer_id, peer_name, key };
}
