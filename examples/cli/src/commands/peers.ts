import type { ChatSummary } from "lacre";
import { NotLoggedInError } from "lacre-client";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { print } from "../printing.js";
import { Profile } from "../profile.js";

/** Maximum time that a completion waits for the server, in milliseconds. */
const TIMEOUT = 2000;

/** The chats that commands are for which concern users whose chats may not have been opened here. */
const CHATS_OF: Readonly<Record<string, (chat: ChatSummary) => boolean>> = {
  accept: ({ request }) => request === "incoming",
  block: ({ is_blocked = false }) => !is_blocked,
  unblock: ({ is_blocked = false }) => is_blocked,
};

/**
 * Prints the names of users that a command can take, for completion: for `accept`, `block` and `unblock` from the server's list
 * of chats, else those whose chats were opened here, without asking the server.
 */
export async function peers(command: string | undefined, options: Options): Promise<void> {
  for (const name of await namesFor(command, new Profile(options))) await print(printable(name));
}

async function namesFor(command = "", profile: Profile): Promise<string[]> {
  if (Object.hasOwn(CHATS_OF, command)) {
    const chats = await (await profile.account(() => TIMEOUT)).api.listChats();
    return chats.filter(CHATS_OF[command]!).map(({ peer_name }) => peer_name);
  }
  const login = await profile.loginStore.read();
  if (login === undefined) throw new NotLoggedInError();
  const pins = await profile.openStores(login).pins.list();
  return pins.map(({ peer_name }) => peer_name);
}
