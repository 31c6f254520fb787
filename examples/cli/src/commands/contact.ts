import { type ContactAction, findChat } from "lacre-client";
import { CommandError } from "../command-error.js";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

const DONE: Readonly<Record<ContactAction, (name: string) => string>> = {
  accept: (name) => `${name} may write to you.`,
  block: (name) => `${name} can no longer write to you, and does not learn that you blocked them.`,
  unblock: (name) => `${name} is no longer blocked.`,
};

/** `accept`, `block` and `unblock`: sets whether another user may write to the account. */
export async function contact(
  action: ContactAction,
  peer: string,
  options: Options,
): Promise<void> {
  const account = await new Profile(options).account();
  const chat = await findChat(account, peer);
  if (chat === undefined) throw new CommandError(`you have no chat with ${peer}`);
  if (action === "accept" && chat.request === "outgoing") {
    throw new CommandError(`you sent this request: only ${peer} can accept it`);
  }
  // Without a request, `accept` only unblocks: the server rejects it from the member who opened the chat.
  const isAccepted = action === "accept" && chat.request === undefined;
  await account.api.changeContact(chat.chat_id, isAccepted ? "unblock" : action);
  await note(DONE[action](printable(chat.peer_name)));
}
