import { type Account, type OpenChat, readHistory } from "lacre-client";
import { Conversation } from "../conversation.js";
import { enterChat } from "../enter-chat.js";
import { readLines } from "../lines.js";
import { lineOf, senderOf } from "../names.js";
import type { Options } from "../options.js";
import { jsonOutput, plainOutput } from "../output.js";
import { printable } from "../printable.js";
import { Profile } from "../profile.js";
import { chatOnScreen } from "../screen/chat-on-screen.js";
import { stopSignal } from "../stop-signal.js";

/** Messages from before the last time that are shown once more. */
const HISTORY = 50;

/** Shows the chat's history and what is said from then on; sends what is typed. */
export async function chat(peer: string, options: Options & { json?: boolean }): Promise<void> {
  const { json = false } = options;
  const account = await new Profile(options).account();
  const open = await enterChat(account, peer, options);
  const isOnScreen = !json && hasScreen();
  const pending = await (isOnScreen ? chatOnScreen(account, open) : talk(account, open, json));
  if (pending > 0 && !json) {
    console.error(
      `Not sent yet: ${pending}. What you wrote is kept, and sent when you chat again.`,
    );
  }
}

function hasScreen(): boolean {
  const { stdin, stdout, env } = process;
  return stdin.isTTY === true && stdout.isTTY === true && env.TERM !== "dumb";
}

/** Line by line, for scripts and for terminals that can do no more. Gives how many messages are not sent. */
async function talk(account: Account, open: OpenChat, json: boolean): Promise<number> {
  const name = printable(open.peer_name);
  const output = json
    ? jsonOutput
    : plainOutput(`Chat with ${name}. Type a line to send it; Ctrl-D ends.`);
  if (!json) await showHistory(account, open);
  const stopped = stopSignal();
  const conversation = await Conversation.start({
    account,
    chats: [open],
    output,
    incoming: "shown and read",
  });
  await conversation.during(async () => {
    const sending = sendLines(conversation, open, json);
    await Promise.race([stopped, json ? sending.then(() => stopped) : sending]);
  });
  return conversation.messenger.pending;
}

async function showHistory(account: Account, open: OpenChat): Promise<void> {
  const shown = (await account.stores.deliveries.cursor(open.chat_id)) ?? 0;
  const page = { before: shown + 1, limit: HISTORY };
  const { messages } = await readHistory(account, open, page);
  for (const message of messages) {
    console.log(lineOf(message, senderOf(message, account, open.peer_name)));
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
    () =>
      conversation.isOffline || (conversation.messenger.pending === 0 && conversation.isCaughtUp),
  );
}
