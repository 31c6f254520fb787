import type { ChatSummary } from "lacre";
import { NotLoggedInError } from "lacre-client";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { print } from "../printing.js";
import { Profile } from "../profile.js";

/** Maximum time to wait for the server, in milliseconds. */
const TIMEOUT = 2000;

/** For commands that work on chats not opened here: which chats of the server's list they can take. */
const CHATS_OF: Readonly<Record<string, (chat: ChatSummary) => boolean>> = {
  accept: ({ request }) => request === "incoming",
  block: ({ is_blocked = false }) => !is_blocked,
  unblock: ({ is_blocked = false }) => is_blocked,
};

/**
 * `peers`: prints the names of users that a command can take, for completion. For `accept`, `block` and `unblock` it requests
 * the chats from the server; for other commands it prints the users whose chats were opened here.
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
