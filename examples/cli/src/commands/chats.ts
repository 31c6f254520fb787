import { type Account, shownUnread, UnreachableError } from "lacre-client";
import { GroupBook } from "../groups/group-book.js";
import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { Profile } from "../profile.js";

const REQUESTS = {
  incoming: "wants to write to you: open, accept or block",
  outgoing: "has not accepted yet",
} as const;

/** `chats`: lists the chats of the account. */
export async function chats(options: Options & { json?: boolean }): Promise<void> {
  const profile = new Profile(options);
  const account = await profile.account();
  const list = await account.listChats();
  const pins = await account.stores.pins.list();
  for (const { chat_id, peer_id, peer_name, unread, last_seq, ...rest } of list) {
    const { auto_delete_hours, auto_delete_change, request, is_blocked } = rest;
    const is_opened = pins.some((pin) => pin.chat_id === chat_id);
    if (options.json) {
      const chat = { chat_id, peer_id, peer_name, unread, messages: last_seq, is_opened };
      await print(
        printableJson({ ...chat, auto_delete_hours, auto_delete_change, request, is_blocked }),
      );
    } else {
      const notes = [
        ...(unread > 0 ? [`${shownUnread(unread)} unread`] : []),
        ...(is_blocked ? ["blocked"] : request === undefined ? [] : [REQUESTS[request]]),
        ...(is_opened ? [] : ["not opened here yet"]),
        ...(auto_delete_hours ? [`deleted after ${auto_delete_hours} h`] : []),
      ];
      await print([printable(peer_name), ...notes].join("\t"));
    }
  }
  const groups = await listGroups(profile, account);
  for (const { chat_id, name, members, unread, is_known } of groups) {
    if (options.json)
      await print(printableJson({ chat_id, group: name, members, unread, is_known }));
    else {
      const notes = [
        members.join(", "),
        ...(unread > 0 ? [`${shownUnread(unread)} unread`] : []),
        ...(is_known ? [] : ["not opened here yet"]),
      ];
      await print([`group ${name}`, ...notes].map(printable).join("\t"));
    }
  }
  if (list.length + groups.length === 0)
    await note("No chats yet: begin one with lacre-chat chat USER");
}

/** Lists the groups of the account. If the server is unreachable, lists those that this profile knows. */
async function listGroups(profile: Profile, account: Account) {
  const book = new GroupBook(profile.mlsFolderOf(account.login));
  try {
    const chats = await account.api.listChats({ mls: true });
    return chats
      .filter(({ encryption_type, epoch = 0 }) => encryption_type === "MLS" && epoch > 0)
      .map(({ chat_id, unread, members = [] }) => ({
        ...{ chat_id, name: book.nameOf(chat_id), unread, is_known: book.has(chat_id) },
        members: members.map(({ username }) => username).sort(),
      }));
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const members: string[] = [];
    return book.ids.map((chat_id) => ({
      ...{ chat_id, name: book.nameOf(chat_id), unread: 0, members, is_known: true },
    }));
  }
}
