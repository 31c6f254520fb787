import { type ChatSummary, isSameUsername } from "lacre";
import {
  type Account,
  createChat,
  findChat,
  type OpenChat,
  openChat,
  openKeptChat,
  UnreachableError,
} from "lacre-client";
import { CommandError } from "./command-error.js";
import { GroupBook } from "./groups/group-book.js";
import { readNewPassphrase } from "./new-passphrase.js";
import type { Options } from "./options.js";
import { Profile } from "./profile.js";
import { withProgress } from "./progress.js";
import { readPassphrase } from "./secrets.js";

export const DERIVING = "deriving the chat's key, which is slow on purpose";

/** Opens the chat with a user, with the stored key or the passphrase. Creates the chat if it does not exist. */
export async function enterChat(
  account: Account,
  peer: string,
  options: Options,
): Promise<OpenChat> {
  const chat = await find(account, peer, options);
  if (chat !== undefined) return unlockChat(account, chat, options);
  await assertUser(account, peer);
  const passphrase = await readNewPassphrase(options, account.username, peer);
  return withProgress(DERIVING, () => createChat(account, peer, passphrase));
}

/**
 * Opens the chat with a user, with the stored key or the passphrase.
 *
 * @throws {CommandError} if there is no chat with this user.
 */
export async function enterExistingChat(
  account: Account,
  peer: string,
  options: Options,
): Promise<OpenChat> {
  const chat = await find(account, peer, options);
  if (chat !== undefined) return unlockChat(account, chat, options);
  throw new CommandError(
    `you have no chat with ${peer} yet: begin one with lacre-chat chat ${peer}`,
  );
}

async function find(
  account: Account,
  peer: string,
  options: Options,
): Promise<ChatSummary | undefined> {
  assertNoGroup(account, peer, options);
  const chat = await withProgress(`asking ${account.login.server}`, () => findChat(account, peer));
  if (chat !== undefined) assertNoGroup(account, `#${chat.chat_id}`, options);
  return chat;
}

/**
 * Checks that no group has a name or an id, so that a server cannot lead a user to write with a passphrase what is for a group.
 *
 * @throws {CommandError} if this profile knows such a group.
 */
export function assertNoGroup(account: Account, name: string, options: Options): void {
  const book = new GroupBook(new Profile(options).mlsFolderOf(account.login));
  const chatId = book.find(name);
  if (chatId === undefined || !book.has(chatId)) return;
  throw new CommandError(
    `${book.nameOf(chatId)} is a group, which has no passphrase: use it with --group`,
  );
}

async function unlockChat(
  account: Account,
  chat: ChatSummary,
  options: Options,
): Promise<OpenChat> {
  const kept = await openKeptChat(account, chat);
  if (kept !== undefined) return kept;
  const passphrase = await readPassphrase(options, chat.peer_name);
  return withProgress(DERIVING, () => openChat(account, chat, passphrase));
}

/** Checks that the peer exists, before the user is asked for a passphrase. */
async function assertUser({ api, username }: Account, peer: string): Promise<void> {
  if (isSameUsername(peer, username))
    throw new CommandError("you cannot chat with yourself: name another user");
  try {
    const { users } = await api.searchUsers(peer);
    if (users.some((user) => isSameUsername(user.username, peer))) return;
  } catch (error) {
    // The search was rejected, for example by a rate limit. `createChat` checks the user again.
    if (!(error instanceof UnreachableError)) return;
    throw error;
  }
  throw new CommandError(
    `there is no user of this name: ${peer}. Find users with lacre-chat search ${peer.slice(0, 3)}`,
  );
}
