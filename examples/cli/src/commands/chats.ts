import { shownUnread } from "lacre-client";
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
  const account = await new Profile(options).account();
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
  if (list.length === 0) await note("No chats yet: begin one with lacre-chat chat USER");
}
