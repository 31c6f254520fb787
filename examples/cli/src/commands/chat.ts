import { type Account, type OpenChat, readHistory } from "lacre-client";
import type { LastChange } from "../auto-delete-line.js";
import { HELP, membersOf, readTyped, type Typed } from "../chat-commands.js";
import { Conversation } from "../conversation.js";
import { enterChat } from "../enter-chat.js";
import { historyLines } from "../history-lines.js";
import { isBlank, readLines } from "../lines.js";
import type { Options } from "../options.js";
import { jsonOutput, plainOutput } from "../output.js";
import { printable, printableLines } from "../printable.js";
import { note, OutputError, outputFailure, print } from "../printing.js";
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
  const { pending, unkept, closed } = isOnScreen
    ? await chatOnScreen(account, open)
    : { pending: await talk(account, open, json), unkept: [], closed: undefined };
  if (pending > 0 && !json) {
    await note(`Not sent yet: ${pending}. What you wrote is kept, and sent when you chat again.`);
  }
  if (unkept.length > 0) {
    const why =
      closed === undefined
        ? "because the server had not answered yet"
        : "because the chat is closed";
    await note(`Not sent and not kept, ${why}:`);
    for (const text of unkept) for (const line of printableLines(text)) await note(`  ${line}`);
  }
  if (closed !== undefined) throw closed;
}

function hasScreen(): boolean {
  const { stdin, stdout, env } = process;
  return stdin.isTTY === true && stdout.isTTY === true && env.TERM !== "dumb";
}

/** Line by line, for scripts and for terminals that can do no more. Gives how many messages are not sent. */
async function talk(account: Account, open: OpenChat, json: boolean): Promise<number> {
  const name = printable(open.peer_name);
  const stopped = stopSignal();
  const start = async () => {
    const changeLater = json ? undefined : await showHistory(account, open);
    const greeting = `Chat with ${name}. Type a line to send it; Ctrl-D ends.`;
    const output = json ? jsonOutput : plainOutput(greeting, changeLater);
    const chats = [open];
    return Conversation.start({ account, chats, output, incoming: "shown and read" });
  };
  const conversation = await Promise.race([stopped, start()]);
  if (conversation === undefined) return 0;
  await conversation.during(async () => {
    const sending = sendLines(conversation, { account, open, isJson: json });
    const unheard = sending.then(() => conversation.until(() => outputFailure() !== undefined));
    await Promise.race([stopped, json ? unheard : sending]);
  });
  return conversation.messenger.pending;
}

/** Gives the change of the auto-delete setting that comes after messages which were not shown yet. */
async function showHistory(account: Account, open: OpenChat): Promise<LastChange | undefined> {
  const shown = (await account.stores.deliveries.cursor(open.chat_id)) ?? 0;
  const page = { before: shown + 1, limit: HISTORY };
  const history = await readHistory(account, open, page);
  const { lines, changeLater } = await historyLines(account, open, history, page);
  try {
    for (const line of lines) await print(line);
  } catch (error) {
    // What cannot be shown does not keep standard input from being sent.
    if (!(error instanceof OutputError)) throw error;
  }
  return changeLater;
}

async function sendLines(
  conversation: Conversation,
  { account, open, isJson }: { account: Account; open: OpenChat; isJson: boolean },
): Promise<void> {
  for await (const line of readLines(process.stdin)) {
    const typed: Typed = isJson ? { kind: "text", text: line } : readTyped(line);
    if (typed.kind === "quit") break;
    switch (typed.kind) {
      case "text":
        if (!isBlank(typed.text)) await conversation.send(open, typed.text);
        break;
      case "help":
        for (const one of HELP) await note(one);
        break;
      case "who": {
        const isOnline = conversation.messenger.chat(open.chat_id)?.isPeerOnline;
        await note(membersOf(account.username, printable(open.peer_name), isOnline));
        break;
      }
      case "unknown":
        await note(`  ✗ ${printable(typed.error)}`);
    }
  }
  // A user who is offline does not have to stay: what is not sent is kept.
  await conversation.until(
    () =>
      conversation.isOffline || (conversation.messenger.pending === 0 && conversation.isCaughtUp),
  );
}
