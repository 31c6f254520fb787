import { enterChat } from "../enter-chat.js";
import type { Options } from "../options.js";
import { printable } from "../printable.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

/** Opens a chat, or begins one, and holds it to what it is from then on. */
export async function open(peer: string, options: Options): Promise<void> {
  const profile = new Profile(options);
  const account = await profile.account();
  const { peer_name } = await enterChat(account, peer, options);
  const isKept = profile.readConfig().keys === "keep";
  await note(
    `The chat with ${printable(peer_name)} is open: the passphrase is right. ` +
      (isKept
        ? "Its key is kept here, and the passphrase not asked for again."
        : "Nothing of it is kept here: lacre-chat config keys keep has that changed."),
  );
}
