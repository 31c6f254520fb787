import type { ChatSummary } from "lacre";
import { KeyError } from "lacre";
import { type Account, type OpenChat, openChat, openKeptChat } from "lacre-client";
import { CommandConnection } from "../command-connection.js";
import { CommandError, exitCodes } from "../command-error.js";
import { assertNoGroup, enterExistingChat } from "../enter-chat.js";
import type { Options } from "../options.js";
import { jsonOutput, type Output, plainOutput } from "../output.js";
import { printable } from "../printable.js";
import { Profile } from "../profile.js";
import { withProgress } from "../progress.js";
import { readPassphrase } from "../secrets.js";
import { stopSignal } from "../stop-signal.js";

/** `listen`: shows incoming messages of one or all chats that can be opened, from where the last `listen` or `chat` ended. */
export async function listen(
  peer: string | undefined,
  options: Options & { json?: boolean },
): Promise<void> {
  const stopped = stopSignal();
  const connection = await Promise.race([stopped, startListening(peer, options)]);
  await connection?.during(() => stopped);
}

async function startListening(
  peer: string | undefined,
  options: Options & { json?: boolean },
): Promise<CommandConnection> {
  const account = await new Profile(options).account();
  const output = options.json
    ? jsonOutput
    : plainOutput(`Listening${peer === undefined ? "" : ` to ${printable(peer)}`}. Ctrl-C ends.`);
  const chats =
    peer === undefined
      ? await openAll(account, options, output)
      : [await enterExistingChat(account, peer, options)];
  return CommandConnection.start({ account, chats, output, incoming: "shown" });
}

/** Opens all chats whose keys are stored, and those that one passphrase opens. */
async function openAll(account: Account, options: Options, output: Output): Promise<OpenChat[]> {
  const all = await account.listChats();
  if (all.length === 0) {
    throw new CommandError("you have no chats yet: begin one with lacre-chat chat USER");
  }
  const opened: OpenChat[] = [];
  const locked: ChatSummary[] = [];
  for (const chat of all) {
    assertNoGroup(account, `#${chat.chat_id}`, options);
    const kept = await openKeptChat(account, chat);
    if (kept === undefined) locked.push(chat);
    else opened.push(kept);
  }
  if (locked.length > 0 && (opened.length === 0 || options.passphraseFile !== undefined)) {
    const passphrase = await readPassphrase(options, undefined);
    opened.push(...(await tryAll(account, locked, passphrase, output)));
  }
  if (opened.length > 0) return opened;
  throw new CommandError("the passphrase opens none of your chats", exitCodes.wrongPassphrase);
}

function tryAll(
  account: Account,
  chats: readonly ChatSummary[],
  passphrase: string,
  output: Output,
): Promise<OpenChat[]> {
  return withProgress("deriving your chats' keys", async (report) => {
    const opened: OpenChat[] = [];
    for (const [at, chat] of chats.entries()) {
      report(`${at} of ${chats.length}`);
      try {
        opened.push(await openChat(account, chat, passphrase));
      } catch (error) {
        if (!(error instanceof KeyError)) throw error;
        await output.error(error.code, `not listening to ${chat.peer_name}: ${error.message}`);
      }
    }
    return opened;
  });
}
