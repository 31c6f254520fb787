import { readHistory } from "lacre-client";
import { enterExistingChat } from "../enter-chat.js";
import { lineOf, recordOf, senderOf } from "../names.js";
import type { Options } from "../options.js";
import { printableJson } from "../printable.js";
import { Profile } from "../profile.js";

/** The last messages of a chat, in order. */
export async function history(
  peer: string,
  options: Options & { json?: boolean; limit: number; before?: number },
): Promise<void> {
  const { json, limit, before } = options;
  const account = await new Profile(options).account();
  const chat = await enterExistingChat(account, peer, options);
  const page = { limit, ...(before !== undefined && { before }) };
  const { messages, hasMore, isKeptCopy } = await readHistory(account, chat, page);
  for (const message of messages) {
    const from = senderOf(message, account, chat.peer_name);
    console.log(json ? printableJson(recordOf(message, from)) : lineOf(message, from));
  }
  if (isKeptCopy) console.error("The server cannot be reached: this is what is kept here.");
  if (hasMore && !json) {
    console.error(`There are earlier ones: add --before ${messages[0]?.seq ?? before}`);
  }
}
