import { readHistory } from "lacre-client";
import { enterExistingChat } from "../enter-chat.js";
import { historyLines } from "../history-lines.js";
import { recordOf, senderOf } from "../message-format.js";
import type { Options } from "../options.js";
import { printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { Profile } from "../profile.js";

/** `history`: prints the last messages of a chat, oldest first. */
export async function history(
  peer: string,
  options: Options & { json?: boolean; limit: number; before?: number },
): Promise<void> {
  const { json, limit, before } = options;
  const account = await new Profile(options).account();
  const chat = await enterExistingChat(account, peer, options);
  const page = { limit, ...(before !== undefined && { before }) };
  const history = await readHistory(account, chat, page);
  const { messages, hasMore, isKeptCopy, storeError } = history;
  const lines = json
    ? messages.map((one) => printableJson(recordOf(one, senderOf(one, account, chat.peer_name))))
    : (await historyLines(account, chat, history, page)).lines;
  for (const line of lines) await print(line);
  if (isKeptCopy) await note("The server cannot be reached: these are the messages stored here.");
  if (storeError !== undefined)
    await note(`These messages could not be stored here: ${storeError.message}`);
  if (hasMore && !json) {
    await note(`There are earlier ones: add --before ${messages[0]?.seq ?? before}`);
  }
}
