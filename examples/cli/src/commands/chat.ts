import { Account } from "../account.js";
import { readLines } from "../lines.js";
import { LiveConnection } from "../live-connection.js";
import { findOrCreateChat } from "../open-chat.js";
import type { Options } from "../options.js";
import { jsonOutput, plainOutput } from "../output.js";
import { Reader } from "../reader.js";
import { readNewPassphrase, readPassphrase } from "../secrets.js";
import { Sender } from "../sender.js";
import { stopSignal } from "../stop-signal.js";
import { talk } from "../talk.js";

/** Messages shown from before the chat was opened. */
const HISTORY = 50;

/** Shows the chat's history and what is said from then on; sends what is typed. */
export async function chat(peer: string, options: Options & { json?: boolean }): Promise<void> {
  const account = new Account(options.profile, options.server);
  const open = await findOrCreateChat(account.api, peer, account.profile.pins, (isNewChat) =>
    isNewChat ? readNewPassphrase(options, peer) : readPassphrase(options, peer),
  );
  const output = options.json
    ? jsonOutput
    : plainOutput(`Chat with ${open.peer_name}. Type a line to send it; Ctrl-D ends.`);
  const connection = await LiveConnection.open(account.profile);
  const sender = new Sender(connection, open, account.profile.user_id, output);
  const reader = new Reader({
    account,
    connection,
    chat: open,
    output,
    after: Math.min(account.cursorOf(open.peer_name), Math.max(0, open.last_seq - HISTORY)),
    isSentHere: (client_id) => sender.isSentHere(client_id),
  });

  const stopped = stopSignal();
  const participations = [{ chat: open, sender, reader }];
  await talk({ account, connection, participations, output }, async () => {
    const sending = sendLines(sender, options.json === true);
    await Promise.race([stopped, options.json ? sending.then(() => stopped) : sending]);
  });
}

/** A script's empty line is a message; a person's is a slip. */
async function sendLines(sender: Sender, emptyOnes: boolean): Promise<void> {
  for await (const line of readLines(process.stdin)) {
    if (line !== "" || emptyOnes) await sender.send(line);
  }
  await sender.isSettled();
}
