import { enterChat } from "../enter-chat.js";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

/** `open`: opens or creates a chat, and pins its parameters. */
export async function open(peer: string, options: Options): Promise<void> {
  const profile = new Profile(options);
  const account = await profile.account();
  const { peer_name } = await enterChat(account, peer, options);
  const isKept = profile.readConfig().keys === "keep";
  await note(
    `The chat with ${printable(peer_name)} is open: the passphrase is right. ` +
      (isKept
        ? "Its key is stored here, so the passphrase is not asked for again."
        : "Its key is not stored here: lacre-chat config keys keep stores the keys of chats that you open."),
  );
}
