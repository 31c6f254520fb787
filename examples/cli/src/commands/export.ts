import { setTimeout as sleep } from "node:timers/promises";
import type { MessageListResponse } from "lacre";
import {
  type Account,
  NotThisProtocolError,
  type OpenChat,
  readMessage,
  ServerRejectionError,
} from "lacre-client";
import { enterExistingChat } from "../enter-chat.js";
import { recordOf, senderOf } from "../message-format.js";
import type { Options } from "../options.js";
import { printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { PrivateFile } from "../private-file.js";
import { Profile } from "../profile.js";
import { withProgress } from "../progress.js";

/** `export`: writes all messages of a chat, decrypted, as one JSON object per line to standard output or a file. */
export async function exportChat(
  peer: string,
  options: Options & { output?: string },
): Promise<void> {
  const { output } = options;
  const isPrinted = output === undefined || output === "-" || output === "/dev/stdout";
  const account = await new Profile(options).account();
  const chat = await enterExistingChat(account, peer, options);
  const { last_seq } = await account.api.getChat(chat.chat_id);
  const file = isPrinted ? undefined : new PrivateFile(output);
  let written = 0;
  let unreadable = 0;
  await withProgress("exporting", async (report) => {
    for await (const { messages } of pagesOf(account, chat)) {
      for (const encrypted of messages) {
        const message = await readMessage(encrypted, chat.key, account.user_id);
        if (message.content.kind === "unreadable") unreadable += 1;
        const record = recordOf(message, senderOf(message, account, chat.peer_name));
        if (file === undefined) await print(printableJson(record));
        else file.write(`${printableJson(record)}\n`);
        written += 1;
      }
      report(`${messages.at(-1)?.seq ?? last_seq} of ${last_seq}`);
    }
  });
  file?.finish();
  await note(`Exported: ${written} messages${isPrinted ? "" : ` to ${output}`}.`);
  if (unreadable > 0)
    await note(
      `Unreadable messages among them: ${unreadable}. Each has the reason in "unreadable".`,
    );
}

/** Requests all pages of a chat from the first message. If the server limits requests, waits as long as it demands. */
async function* pagesOf(account: Account, chat: OpenChat): AsyncGenerator<MessageListResponse> {
  for (let after = 0; ; ) {
    try {
      const list = await account.api.listMessages(chat.chat_id, { after });
      yield list;
      if (!list.has_more) return;
      const next = list.messages.at(-1)?.seq ?? list.through ?? after;
      if (next <= after) {
        const what = "a page of messages that leads no further";
        throw new NotThisProtocolError(account.api.server, what);
      }
      after = next;
    } catch (error) {
      if (!(error instanceof ServerRejectionError) || error.retryAfter === undefined) throw error;
      await sleep(error.retryAfter * 1000);
    }
  }
}
