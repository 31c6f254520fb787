import { type ChatSummary, isSameUsername, KeyError } from "lacre";
import { type ChatKey, createChatKey, deriveChatKey, type NewChatKey } from "lacre/e2e";
import type { Account } from "./account.js";
import {
  ChatChangedError,
  ChatClosedError,
  ChatNotEncryptedError,
  ChatStartedOverError,
  NotThisProtocolError,
  ServerRejectionError,
  UnreachableError,
} from "./errors.js";
import type { Pin } from "./stores.js";

const ENCRYPTION_TYPE = "lacre/e2e/1";

/** A chat whose key is the one that both members have. */
export interface OpenChat {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  readonly key: ChatKey;
  /** The key that the chat had before it was started over, if it was kept: it reads what waits to be sent under it. */
  readonly earlierKey?: ChatKey;
}

/**
 * Returns the chat with a user, if there is one. While the server cannot be reached, returns it if it was opened before;
 * throws UnreachableError if it was not, because a chat of this user may exist there.
 */
export async function findChat(
  account: Account,
  peerName: string,
): Promise<ChatSummary | undefined> {
  const isWithPeer = ({ peer_name }: ChatSummary) => isSameUsername(peer_name, peerName);
  try {
    return (await account.askForChats()).find(isWithPeer);
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const known = (await account.knownChats()).find(isWithPeer);
    if (known === undefined) throw error;
    return known;
  }
}

/**
 * Opens a chat with its passphrase, and pins what the passphrase made the key with. It accepts a chat that was a request:
 * the peer told its user the passphrase. Throws KeyError `ERR_WRONG_PASSPHRASE`
 * before anything was encrypted or decrypted, ChatChangedError and ChatNotEncryptedError.
 */
export async function openChat(
  account: Account,
  chat: ChatSummary,
  passphrase: string,
): Promise<OpenChat> {
  const pin = pinOf(await account.stores.pins.list(), chat);
  const { salt, iterations, key_check: check } = pin;
  const extractable = account.stores.keys.needsExport;
  const key = await deriveChatKey(passphrase, { salt, iterations, check, extractable });
  const opened = await keep(account, pin, key);
  if (chat.request === "incoming" && !chat.is_blocked) await accept(account, chat.chat_id);
  return opened;
}

/** Where this fails, the first message accepts the chat. */
async function accept({ api }: Account, chatId: number): Promise<void> {
  try {
    await api.changeContact(chatId, "accept");
  } catch (error) {
    if (!(error instanceof ServerRejectionError || error instanceof UnreachableError)) throw error;
  }
}

/** Opens a chat with the key that is kept for it, if there is one. Throws ChatChangedError and ChatNotEncryptedError. */
export async function openKeptChat(
  account: Account,
  chat: ChatSummary,
): Promise<OpenChat | undefined> {
  const key = await account.stores.keys.get(chat.chat_id);
  if (key === undefined) return undefined;
  const pins = await account.stores.pins.list();
  const { key_check, chat_id, peer_id, peer_name } = pinOf(pins, chat);
  try {
    key.assertCheck(key_check);
  } catch (error) {
    // The chat was started over, or the program ended between keeping a pin and keeping the key.
    if (error instanceof KeyError) return undefined;
    throw error;
  }
  return { chat_id, peer_id, peer_name, key };
}

/**
 * Returns why a key must not be used in a chat any more, as the server lists the chat now; undefined if it may be used.
 * `check` is that of the key.
 */
export function whyClosed(
  pins: readonly Pin[],
  chat: ChatSummary,
  check: Uint8Array,
): ChatClosedError | undefined {
  try {
    const { key_check } = pinOf(pins, chat);
    return isSame(key_check, check) ? undefined : new ChatStartedOverError(chat.peer_name);
  } catch (error) {
    if (error instanceof ChatClosedError) return error;
    throw error;
  }
}

/**
 * Returns whether this user created a chat, without which the server does not let it be started over. Asks the server to set the
 * parameters that the chat already has, which changes nothing: it answers the creator that they are set, and rejects the other
 * member (H-9 of docs/PROTOCOL.md).
 */
export async function isCreator({ api }: Account, chat: ChatSummary): Promise<boolean> {
  const { chat_id, salt, iterations, key_check } = chat;
  try {
    await api.configureChat(chat_id, { salt, iterations, key_check });
    return true;
  } catch (error) {
    const code = error instanceof ServerRejectionError ? error.code : undefined;
    if (code === "ERR_PARAMETERS_SET") return true;
    if (code === "ERR_FORBIDDEN") return false;
    throw error;
  }
}

/**
 * Starts a chat over under another passphrase, which deletes its messages: for one whose passphrase was mistyped, and which
 * the peer cannot open. Throws ServerRejectionError `ERR_FORBIDDEN` if the peer created the chat, and `ERR_CHAT_IN_USE` if
 * the peer has written or read in it.
 */
export async function restartChat(
  account: Account,
  { chat_id, peer_id, peer_name }: Pick<ChatSummary, "chat_id" | "peer_id" | "peer_name">,
  passphrase: string,
): Promise<OpenChat> {
  const { key, ...parameters } = await newKey(account, passphrase);
  const restarted = await account.api.restartChat(chat_id, parameters);
  const pin = { chat_id, peer_id, peer_name, ...parameters };
  assertUnchanged(restarted, pin);
  return keep(account, { ...pin, unanswered: "creator" }, key);
}

/** Notes that a message of the peer's decrypted: from now on, nothing that the chat's key is made with may change. */
export async function noteAnswer({ stores }: Account, chatId: number): Promise<void> {
  const pins = await stores.pins.list();
  const pin = pins.find(
    ({ chat_id, unanswered }) => chat_id === chatId && unanswered !== undefined,
  );
  if (pin === undefined) return;
  const { unanswered: _, ...answered } = pin;
  await stores.pins.add(answered);
}

function newKey({ stores }: Account, passphrase: string): Promise<NewChatKey> {
  return createChatKey(passphrase, { extractable: stores.keys.needsExport });
}

/**
 * Begins a chat under a passphrase. Both members may try that at once, and the server takes the first; the other's then has
 * to be the same passphrase. Throws what `openChat` throws, and ServerRejectionError.
 */
export async function createChat(
  account: Account,
  peerName: string,
  passphrase: string,
): Promise<OpenChat> {
  const { key, ...parameters } = await newKey(account, passphrase);
  const asked = { ...parameters, encryption_type: ENCRYPTION_TYPE };
  let created: ChatSummary;
  try {
    created = await account.api.createChat({ ...asked, peer_name: peerName });
  } catch (error) {
    if (!(error instanceof ServerRejectionError) || error.code !== "ERR_CHAT_EXISTS") throw error;
    const existing = await findChat(account, peerName);
    if (existing !== undefined) return openChat(account, existing, passphrase);
    throw new NotThisProtocolError(
      account.api.server,
      "that there is a chat, and does not list it",
    );
  }
  const { chat_id, peer_id, peer_name } = created;
  if (!isSameUsername(peer_name, peerName)) throw new ChatChangedError(peerName, ["peer_name"]);
  // What was asked for, not what the answer says.
  const pin = { chat_id, peer_id, peer_name, ...parameters };
  assertUnchanged(created, pin);
  return keep(account, { ...pin, unanswered: "creator" }, key);
}

/** What a chat's key is made with: as pinned, if it was opened before. */
function pinOf(pins: readonly Pin[], chat: ChatSummary): Pin {
  const { chat_id, peer_id, peer_name, salt, iterations, key_check } = chat;
  const isOfChat = (pin: Pin) =>
    pin.chat_id === chat_id || isSameUsername(pin.peer_name, peer_name);
  if (salt === undefined || iterations === undefined || key_check === undefined) {
    for (const pin of pins.filter(isOfChat)) assertUnchanged(chat, pin);
    throw new ChatNotEncryptedError(peer_name);
  }
  const pin: Pin = { chat_id, peer_id, peer_name, salt, iterations, key_check };
  const known = pins.filter(isOfChat);
  for (const before of known) {
    // Its creator may start it over, until the other one answers: then the new passphrase is asked for.
    const parameters = before.unanswered !== undefined && { salt, iterations, key_check };
    assertUnchanged(chat, { ...before, ...parameters });
  }
  const unanswered = known.length === 0 ? "member" : known[0]!.unanswered;
  return { ...pin, ...(unanswered !== undefined && { unanswered }) };
}

/** The server is not trusted with these: by changing them it could have another key used, or another user written to. */
function assertUnchanged(chat: ChatSummary, pin: Pin): void {
  const fields = ["chat_id", "peer_id", "peer_name", "salt", "iterations", "key_check"] as const;
  const changed = fields.filter((field) => String(chat[field]) !== String(pin[field]));
  if (changed.length > 0) throw new ChatChangedError(pin.peer_name, changed);
}

async function keep(account: Account, pin: Pin, key: ChatKey): Promise<OpenChat> {
  const { stores } = account;
  const { chat_id, peer_id, peer_name } = pin;
  const before = (await stores.pins.list()).find((one) => one.chat_id === chat_id);
  const isStartedOver = before !== undefined && !isSame(before.key_check, pin.key_check);
  const earlierKey = isStartedOver ? await stores.keys.get(chat_id) : undefined;
  // The server has deleted what was in it.
  if (isStartedOver) await stores.deliveries.expire(chat_id, Number.POSITIVE_INFINITY);
  await stores.pins.add(pin);
  await stores.keys.put(chat_id, key);
  return { chat_id, peer_id, peer_name, key, ...(earlierKey && { earlierKey }) };
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return String(one) === String(other);
}
