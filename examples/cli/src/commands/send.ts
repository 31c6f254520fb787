import { Account } from "../account.js";
import { Conversation } from "../conversation.js";
import { Failure } from "../failure.js";
import { readLines, readText } from "../lines.js";
import { findOrCreateChat } from "../open-chat.js";
import type { Options } from "../options.js";
import { plainOutput } from "../output.js";
import { Reader } from "../reader.js";
import { readNewPassphrase, readPassphrase } from "../secrets.js";

/** Sends one text, or each line of standard input, and ends when the server has stored it all. */
export async function send(
  peer: string,
  text: string | undefined,
  options: Options & { lines?: boolean },
): Promise<void> {
  const account = new Account(options.profile, options.server);
  const open = await findOrCreateChat(account, peer, (isNewChat) =>
    isNewChat ? readNewPassphrase(options, peer) : readPassphrase(options, peer),
  );
  const output = plainOutput(`Sending to ${open.peer_name}.`);
  const reader = new Reader(account, [open], output);
  const conversation = await Conversation.start({ account, reader, output, incoming: "ignored" });
  await conversation.during(async () => {
    for await (const message of textsToSend(text, options.lines === true)) {
      await conversation.send(open, message);
    }
    await conversation.until(() => conversation.pending === 0);
  });
  const { failed } = conversation;
  if (failed > 0) throw new Failure(`${failed} messages were not sent`);
}

async function* textsToSend(text: string | undefined, isByLine: boolean): AsyncGenerator<string> {
  if (text !== undefined) yield text;
  else if (isByLine) yield* readLines(process.stdin);
  else yield (await readText(process.stdin)).replace(/\n$/, "");
}
