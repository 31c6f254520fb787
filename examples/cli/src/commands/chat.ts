import { Account } from "../account.js";
import { Conversation } from "../conversation.js";
import { isUnreachable } from "../failure.js";
import { readLines } from "../lines.js";
import { findOrCreateChat, type OpenChat } from "../open-chat.js";
import type { Options } from "../options.js";
import { jsonOutput, plainOutput } from "../output.js";
import { Reader } from "../reader.js";
import { readNewPassphrase, readPassphrase } from "../secrets.js";
import { stopSignal } from "../stop-signal.js";

/** Messages from before the last time that a person is shown once more. */
const HISTORY = 50;

/** Shows the chat's history and what is said from then on; sends what is typed. */
export async function chat(peer: string, options: Options & { json?: boolean }): Promise<void> {
  const { json = false } = options;
  const account = new Account(options.profile, options.server);
  const open = await findOrCreateChat(account, peer, (isNewChat) =>
    isNewChat ? readNewPassphrase(options, peer) : readPassphrase(options, peer),
  );
  const output = json
    ? jsonOutput
    : plainOutput(`Chat with ${open.peer_name}. Type a line to send it; Ctrl-D ends.`);
  const reader = new Reader(account, [open], output);
  if (!json) await showHistory(account, open, reader);

  const stopped = stopSignal();
  const incoming = "shown and read";
  const conversation = await Conversation.start({ account, reader, output, incoming });
  await conversation.during(async () => {
    const sending = sendLines(conversation, open, json);
    await Promise.race([stopped, json ? sending.then(() => stopped) : sending]);
  });
  if (conversation.pending > 0 && !json) {
    console.error(
      `Not sent yet: ${conversation.pending}. What you wrote is kept, and sent when you chat again.`,
    );
  }
}

async function showHistory(
  { api, disk }: Account,
  { chat_id }: OpenChat,
  reader: Reader,
): Promise<void> {
  const shown = disk.cursorOf(chat_id);
  try {
    const { messages } = await api.listMessages(chat_id, Math.max(0, shown - HISTORY));
    for (const message of messages) {
      if (message.seq !== undefined && message.seq <= shown) await reader.show(message);
    }
  } catch (error) {
    if (!isUnreachable(error)) throw error;
  }
}

/** A script's empty line is a message; a person's is a slip. */
async function sendLines(
  conversation: Conversation,
  open: OpenChat,
  emptyOnes: boolean,
): Promise<void> {
  for await (const line of readLines(process.stdin)) {
    if (line !== "" || emptyOnes) await conversation.send(open, line);
  }
  // Whoever is offline does not have to stay for what is kept anyway.
  await conversation.until(
    () => conversation.isOffline || (conversation.pending === 0 && conversation.isCaughtUp),
  );
}
