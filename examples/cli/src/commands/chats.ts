import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { Profile } from "../profile.js";

/** The chats of the account. */
export async function chats(options: Options & { json?: boolean }): Promise<void> {
  const account = await new Profile(options).account();
  const list = await account.listChats();
  const pins = await account.stores.pins.list();
  for (const { chat_id, peer_id, peer_name, unread, last_seq, auto_delete_hours } of list) {
    const is_opened = pins.some((pin) => pin.chat_id === chat_id);
    if (options.json) {
      const chat = { chat_id, peer_id, peer_name, unread, messages: last_seq, is_opened };
      console.log(printableJson({ ...chat, auto_delete_hours }));
    } else {
      const notes = [
        ...(unread > 0 ? [`${unread} unread`] : []),
        ...(is_opened ? [] : ["not opened here yet"]),
        ...(auto_delete_hours ? [`deleted after ${auto_delete_hours} h`] : []),
      ];
      console.log([printable(peer_name), ...notes].join("\t"));
    }
  }
  if (list.length === 0) console.error("No chats yet: begin one with lacre-chat chat USER");
}
