import { setTimeout as sleep } from "node:timers/promises";
import type { MessageListResponse } from "lacre";
import { type Account, type OpenChat, readMessage, ServerRefusal } from "lacre-client";
import { enterExistingChat } from "../enter-chat.js";
import { recordOf, senderOf } from "../names.js";
import type { Options } from "../options.js";
import { printableJson } from "../printable.js";
import { PrivateFile } from "../private-file.js";
import { Profile } from "../profile.js";
import { withProgress } from "../progress.js";

/** All that the server has of a chat, decrypted: one JSON object a line, on standard output or in a file. */
export async function exportChat(
  peer: string,
  options: Options & { output?: string },
): Promise<void> {
  const { output } = options;
  const account = await new Profile(options).account();
  const chat = await enterExistingChat(account, peer, options);
  const { last_seq } = await account.api.getChat(chat.chat_id);
  // Text is written next to the file's place, and takes it when it is complete.
  const target = output === undefined ? process.stdout : new PrivateFile(output);
  let written = 0;
  let unreadable = 0;
  await withProgress("exporting", async (report) => {
    for await (const { messages } of pagesOf(account, chat)) {
      for (const encrypted of messages) {
        const message = await readMessage(encrypted, chat.key, account.user_id);
        if (message.content.kind === "unreadable") unreadable += 1;
        const record = recordOf(message, senderOf(message, account, chat.peer_name));
        target.write(`${printableJson(record)}\n`);
        written += 1;
      }
      report(`${messages.at(-1)?.seq ?? last_seq} of ${last_seq}`);
    }
  });
  if (target instanceof PrivateFile) target.finish();
  console.error(`Exported: ${written} messages${output === undefined ? "" : ` to ${output}`}.`);
  if (unreadable > 0) console.error(`Unreadable among them: ${unreadable}. Each says why.`);
}

/** From the first on. A server that asks for patience gets it. */
async function* pagesOf(account: Account, chat: OpenChat): AsyncGenerator<MessageListResponse> {
  for (let after = 0; ; ) {
    try {
      const list = await account.api.listMessages(chat.chat_id, { after });
      yield list;
      if (!list.has_more) return;
      after = list.messages.at(-1)?.seq ?? list.through ?? after;
    } catch (error) {
      if (!(error instanceof ServerRefusal) || error.retryAfter === undefined) throw error;
      await sleep(error.retryAfter * 1000);
    }
  }
}
