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

/** An opened chat. The key check proves that both members have the same key. */
export interface OpenChat {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly peer_name: string;
  readonly key: ChatKey;
  /** Previous key, if the chat was restarted and the key was stored. It decrypts messages that were queued under it. */
  readonly earlierKey?: ChatKey;
}

/**
 * Returns the chat with a user, if it exists. If the server is unreachable, returns a pinned chat.
 *
 * @throws {UnreachableError} if the server is unreachable and the chat is not pinned, because it may still exist.
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
 * Opens a chat with its passphrase, and pins its key parameters. Accepts a chat that is a request, because the user learned
 * the passphrase from the peer.
 *
 * @throws {KeyError} `ERR_WRONG_PASSPHRASE` if the passphrase is wrong. Nothing was encrypted or decrypted with it.
 * @throws {ChatChangedError} if the server changed a pinned field.
 * @throws {ChatNotEncryptedError} if the chat has no key parameters.
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

/** Accepts a chat. If this fails, the user's first message accepts it. */
async function accept({ api }: Account, chatId: number): Promise<void> {
  try {
    await api.changeContact(chatId, "accept");
  } catch (error) {
    if (!(error instanceof ServerRejectionError || error instanceof UnreachableError)) throw error;
  }
}

/**
 * Opens a chat with its stored key. Returns undefined if no key is stored, or if the stored key is not the current one.
 *
 * @throws {ChatChangedError} if the server changed a pinned field.
 * @throws {ChatNotEncryptedError} if the chat has no key parameters.
 */
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
    // The chat was restarted, or the program ended after it stored the pin and before it stored the key.
    if (error instanceof KeyError) return undefined;
    throw error;
  }
  return { chat_id, peer_id, peer_name, key };
}

/**
 * Returns why a key may no longer be used in a chat, or undefined if it may. `chat` is the server's current entry, and
 * `check` the key's check.
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
 * Returns whether this user created a chat, and may therefore restart it. Sends the chat's own parameters again, which
 * changes nothing. The server answers the creator that they are set, and rejects the other member (H-9 of docs/PROTOCOL.md).
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
 * Restarts a chat with another passphrase, which deletes its messages. Use it if the creator mistyped the passphrase and the
 * peer therefore cannot open the chat.
 *
 * @throws {ServerRejectionError} `ERR_FORBIDDEN` if the peer created the chat, `ERR_CHAT_IN_USE` if the peer has written or
 * read in it.
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

/** Records in the pin that a message of the peer was decrypted. After that, the key parameters may not change. */
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
 * Creates a chat with a passphrase. If the peer has created it first, opens that one, which needs the same passphrase.
 *
 * @throws what `openChat` throws.
 * @throws {ServerRejectionError} if the server rejects the chat.
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
  // Pin the requested values, not those of the response, which the server could have changed.
  const pin = { chat_id, peer_id, peer_name, ...parameters };
  assertUnchanged(created, pin);
  return keep(account, { ...pin, unanswered: "creator" }, key);
}

/**
 * Returns the pin for a chat. A chat that is not pinned is trusted on first use.
 *
 * @throws {ChatChangedError} if the server changed a pinned field.
 * @throws {ChatNotEncryptedError} if the chat has no key parameters.
 */
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
    // Until the peer answers, the creator may restart the chat. Its parameters may then change, and the new passphrase is
    // needed.
    const parameters = before.unanswered !== undefined && { salt, iterations, key_check };
    assertUnchanged(chat, { ...before, ...parameters });
  }
  const unanswered = known.length === 0 ? "member" : known[0]!.unanswered;
  return { ...pin, ...(unanswered !== undefined && { unanswered }) };
}

/**
 * Checks pinned fields. With others, a malicious server could substitute another key or another user.
 *
 * @throws {ChatChangedError} if a field differs.
 */
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
  // The restart deleted the messages on the server. Delete the stored ones too.
  if (isStartedOver) await stores.deliveries.expire(chat_id, Number.POSITIVE_INFINITY);
  await stores.pins.add(pin);
  await stores.keys.put(chat_id, key);
  return { chat_id, peer_id, peer_name, key, ...(earlierKey && { earlierKey }) };
}

export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return String(one) === String(other);
}
