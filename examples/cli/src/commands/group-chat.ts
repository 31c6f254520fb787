import { type GroupMessage, titleDelay } from "lacre-client/groups";
import { type ChatInput, HELP, parseInput } from "../chat-commands.js";
import { createGroup, findGroup } from "../groups/find-group.js";
import { GroupConnection } from "../groups/group-connection.js";
import { GroupFeed } from "../groups/group-feed.js";
import { jsonGroupOutput, plainGroupOutput } from "../groups/group-output.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import { isBlank, readLines } from "../lines.js";
import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { stopSignal } from "../stop-signal.js";

/** Number of messages that were shown in earlier runs, and are shown again at the start. */
const HISTORY = 50;
/** How long to wait at the end until texts are sent, in milliseconds. */
const END_TIMEOUT = 5000;

export interface GroupChatOptions extends Options {
  readonly group: string;
  readonly json?: boolean;
}

/** `chat --group`: shows a group live, and sends what is typed. With users, creates the group. */
export async function groupChat(
  usernames: readonly string[],
  options: GroupChatOptions,
): Promise<void> {
  await withMls(options, (session) => talk(session, usernames, options));
}

async function talk(
  session: MlsSession,
  usernames: readonly string[],
  { group, json = false }: GroupChatOptions,
): Promise<void> {
  const stopped = stopSignal();
  const output = json ? jsonGroupOutput : plainGroupOutput();
  let chatId: number | undefined;
  const feed = new GroupFeed(session, output, (id) => id === chatId);
  const connection = new GroupConnection({ session, output, onMessage });
  let unsent = 0;
  await connection.during(async () => {
    const open = () =>
      usernames.length === 0
        ? findGroup(session, connection, group)
        : createGroup(session, connection, group, usernames);
    const found = await Promise.race([stopped, open()]);
    if (found === undefined) return;
    chatId = found.chat_id;
    await feed.begin(connection.client, json ? 0 : HISTORY);
    const name = session.book.nameOf(chatId);
    if (json) await print(printableJson({ event: "ready", chat_id: chatId, group: name }));
    else await note(`Group ${printable(name)}. Type a line to send it; Ctrl-D ends.`);
    const caughtUp = connection.settle().then(() => connection.assertMember(found.chat_id));
    const whileMember = caughtUp.then(() => new Promise<never>(() => {}));
    const sending = sendLines(session, connection, { chatId, json });
    await Promise.race([stopped, whileMember, json ? sending.then(() => stopped) : sending]);
    await Promise.race([stopped, caughtUp.then(() => connection.untilSent(END_TIMEOUT, true))]);
    await output.flush();
    unsent = await connection.countUnsent();
  });
  process.stdin.destroy();
  if (unsent > 0 && !json)
    await note(`Not sent yet: ${unsent}. What you wrote is kept, and sent the next time.`);

  async function onMessage(message: GroupMessage, isSent: boolean): Promise<void> {
    await feed.receive(message, isSent);
    const { chat_id, seq, isOwn } = message;
    if (chat_id === chatId && seq !== undefined && !isOwn)
      connection.client.receipts.read(chat_id, seq);
    const delay = titleDelay(message, session.mls.device?.id);
    const share = () => void connection.shareTitles().catch(() => {});
    if (delay !== undefined) setTimeout(share, delay).unref();
  }
}

async function sendLines(
  session: MlsSession,
  connection: GroupConnection,
  { chatId, json }: { readonly chatId: number; readonly json: boolean },
): Promise<void> {
  await connection.untilEarlierSent();
  for await (const line of readLines(process.stdin)) {
    const typed: ChatInput = json ? { kind: "text", text: line } : parseInput(line);
    switch (typed.kind) {
      case "quit":
        return;
      case "text":
        if (!isBlank(typed.text)) connection.send(chatId, { kind: "text", text: typed.text });
        break;
      case "help":
        for (const one of HELP) await note(one);
        break;
      case "who": {
        const members = session.mls.get(chatId)?.members ?? [];
        await note(members.map((id) => printable(session.book.userName(id))).join(", "));
        break;
      }
      case "unknown":
        await note(`  ✗ ${printable(typed.error)}`);
    }
  }
}
