import { type Account, type OpenChat, readHistory } from "lacre-client";
import type { LastChange } from "../auto-delete-line.js";
import { type ChatInput, HELP, membersOf, parseInput } from "../chat-commands.js";
import { CommandConnection } from "../command-connection.js";
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

/** Number of messages shown already in earlier runs that are shown again at the start. */
const HISTORY = 50;

/** `chat`: shows the chat's history and new messages, and sends what the user types. */
export async function chat(peer: string, options: Options & { json?: boolean }): Promise<void> {
  const { json = false } = options;
  const account = await new Profile(options).account();
  const open = await enterChat(account, peer, options);
  const isOnScreen = !json && hasScreen();
  const { pending, unsent, closed } = isOnScreen
    ? await chatOnScreen(account, open)
    : { pending: await talk(account, open, json), unsent: [], closed: undefined };
  if (pending > 0 && !json) {
    await note(`Not sent yet: ${pending}. What you wrote is kept, and sent when you chat again.`);
  }
  if (unsent.length > 0) {
    const why =
      closed === undefined
        ? "because the server had not answered yet"
        : "because the chat is closed";
    await note(`Not sent and not kept, ${why}:`);
    for (const text of unsent) for (const line of printableLines(text)) await note(`  ${line}`);
  }
  if (closed !== undefined) throw closed;
}

function hasScreen(): boolean {
  const { stdin, stdout, env } = process;
  return stdin.isTTY === true && stdout.isTTY === true && env.TERM !== "dumb";
}

/** Runs a chat line by line, for scripts and simple terminals. Returns how many messages are still queued. */
async function talk(account: Account, open: OpenChat, json: boolean): Promise<number> {
  const name = printable(open.peer_name);
  const stopped = stopSignal();
  const start = async () => {
    const changeLater = json ? undefined : await showHistory(account, open);
    const greeting = `Chat with ${name}. Type a line to send it; Ctrl-D ends.`;
    const output = json ? jsonOutput : plainOutput(greeting, changeLater);
    const chats = [open];
    return CommandConnection.start({ account, chats, output, incoming: "shown and read" });
  };
  const connection = await Promise.race([stopped, start()]);
  if (connection === undefined) return 0;
  await connection.during(async () => {
    const sending = sendLines(connection, { account, open, isJson: json });
    // With --json, the end of standard input does not end the chat; a failing output does.
    const outputFailed = sending.then(() => connection.until(() => outputFailure() !== undefined));
    await Promise.race([stopped, json ? outputFailed : sending]);
  });
  return connection.messenger.pending;
}

/** Prints messages of earlier runs. Returns the change of the auto-delete setting if it comes after messages not shown yet. */
async function showHistory(account: Account, open: OpenChat): Promise<LastChange | undefined> {
  const shown = (await account.stores.deliveries.cursor(open.chat_id)) ?? 0;
  const page = { before: shown + 1, limit: HISTORY };
  const history = await readHistory(account, open, page);
  const { lines, changeLater } = await historyLines(account, open, history, page);
  try {
    for (const line of lines) await print(line);
  } catch (error) {
    // A failing output does not prevent sending.
    if (!(error instanceof OutputError)) throw error;
  }
  return changeLater;
}

async function sendLines(
  connection: CommandConnection,
  { account, open, isJson }: { account: Account; open: OpenChat; isJson: boolean },
): Promise<void> {
  for await (const line of readLines(process.stdin)) {
    const typed: ChatInput = isJson ? { kind: "text", text: line } : parseInput(line);
    if (typed.kind === "quit") break;
    switch (typed.kind) {
      case "text":
        if (!isBlank(typed.text)) await connection.send(open, typed.text);
        break;
      case "help":
        for (const one of HELP) await note(one);
        break;
      case "who": {
        const isOnline = connection.messenger.chat(open.chat_id)?.isPeerOnline;
        await note(membersOf(account.username, printable(open.peer_name), isOnline));
        break;
      }
      case "unknown":
        await note(`  ✗ ${printable(typed.error)}`);
    }
  }
  // Do not wait for a connection: queued messages are sent the next time.
  await connection.until(
    () => connection.isOffline || (connection.messenger.pending === 0 && connection.isCaughtUp),
  );
}
