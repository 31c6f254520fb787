import type { ChatSummary } from "lacre";
import {
  type Account,
  createChat,
  findChat,
  isSameName,
  type OpenChat,
  openChat,
  openKeptChat,
  Unreachable,
} from "lacre-client";
import { Failure } from "./failure.js";
import type { Options } from "./options.js";
import { withProgress } from "./progress.js";
import { readNewSecret, readPassphrase } from "./secrets.js";

const DERIVING = "deriving the chat's key, which is slow on purpose";

/** Opens the chat with somebody, with the key that is kept or with its passphrase; begins it where there is none. */
export async function enterChat(
  account: Account,
  peer: string,
  options: Options,
): Promise<OpenChat> {
  const chat = await findChat(account, peer);
  if (chat !== undefined) return unlockChat(account, chat, options);
  await assertUser(account, peer);
  const question = `A passphrase for your new chat with ${peer}, who must know it too`;
  const file = options.passphraseFile;
  const passphrase = await readNewSecret("passphrase", { file, question });
  return withProgress(DERIVING, () => createChat(account, peer, passphrase));
}

/** Opens a chat that is there. */
export async function enterExistingChat(
  account: Account,
  peer: string,
  options: Options,
): Promise<OpenChat> {
  const chat = await findChat(account, peer);
  if (chat !== undefined) return unlockChat(account, chat, options);
  throw new Failure(`you have no chat with ${peer} yet: begin one with lacre-chat chat ${peer}`);
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

/** Before anybody is asked for a passphrase. */
async function assertUser({ api, username }: Account, peer: string): Promise<void> {
  if (isSameName(peer, username)) throw new Failure("a chat has two members: name somebody else");
  try {
    const { users } = await api.searchUsers(peer);
    if (users.some((user) => isSameName(user.username, peer))) return;
  } catch (error) {
    // Who cannot be asked for now is asked for again when the chat is made.
    if (!(error instanceof Unreachable)) return;
    throw error;
  }
  throw new Failure(
    `there is no user of this name: ${peer}. See lacre-chat search ${peer.slice(0, 3)}`,
  );
}
