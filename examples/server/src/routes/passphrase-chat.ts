import { type Chat, isMls } from "../database/members.js";
import { HttpError } from "../errors.js";

/** @throws {HttpError} if the chat is an MLS chat, which has no passphrase, no request and no blocks. */
export function assertPassphraseChat(chat: Chat): void {
  if (!isMls(chat)) return;
  throw new HttpError(
    422,
    "ERR_UNSUPPORTED",
    "this is not possible in an MLS chat: leave it instead",
  );
}
