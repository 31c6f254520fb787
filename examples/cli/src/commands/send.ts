import { Account } from "../account.js";
import { Failure } from "../failure.js";
import { readLines, readText } from "../lines.js";
import { LiveConnection } from "../live-connection.js";
import { findOrCreateChat } from "../open-chat.js";
import type { Options } from "../options.js";
import { plainOutput } from "../output.js";
import { readNewPassphrase, readPassphrase } from "../secrets.js";
import { Sender } from "../sender.js";
import { talk } from "../talk.js";

/** Sends one text, or each line of standard input, and ends when the server has stored it all. */
export async function send(
  peer: string,
  text: string | undefined,
  options: Options & { lines?: boolean },
): Promise<void> {
  const account = new Account(options.profile, options.server);
  const open = await findOrCreateChat(account.api, peer, account.profile.pins, (isNewChat) =>
    isNewChat ? readNewPassphrase(options, peer) : readPassphrase(options, peer),
  );
  const output = plainOutput(`Sending to ${open.peer_name}.`);
  const connection = await LiveConnection.open(account.profile);
  const sender = new Sender(connection, open, account.profile.user_id, output);

  const participations = [{ chat: open, sender }];
  await talk({ account, connection, participations, output }, async () => {
    for await (const message of textsToSend(text, options.lines === true)) {
      await sender.send(message);
    }
    await sender.isSettled();
  });
  if (sender.failed > 0) throw new Failure(`${sender.failed} messages were not sent`);
}

async function* textsToSend(text: string | undefined, isByLine: boolean): AsyncGenerator<string> {
  if (text !== undefined) yield text;
  else if (isByLine) yield* readLines(process.stdin);
  else yield (await readText(process.stdin)).replace(/\n$/, "");
}
