import { Conversation } from "../conversation.js";
import { enterChat } from "../enter-chat.js";
import { Failure } from "../failure.js";
import { readLines, readText } from "../lines.js";
import type { Options } from "../options.js";
import { plainOutput } from "../output.js";
import { printable } from "../printable.js";
import { Profile } from "../profile.js";

/** Sends one text, or each line of standard input, and ends when the server has stored it all. */
export async function send(
  peer: string,
  text: string | undefined,
  options: Options & { lines?: boolean },
): Promise<void> {
  const account = await new Profile(options).account();
  const chat = await enterChat(account, peer, options);
  const output = plainOutput(`Sending to ${printable(chat.peer_name)}.`);
  const conversation = await Conversation.start({
    account,
    chats: [chat],
    output,
    incoming: "ignored",
  });
  await conversation.during(async () => {
    for await (const message of textsToSend(text, options.lines === true)) {
      await conversation.send(chat, message);
    }
    await conversation.until(() => conversation.messenger.pending === 0);
  });
  const { failed } = conversation;
  if (failed > 0) throw new Failure(`${failed} messages were not sent`);
}

async function* textsToSend(text: string | undefined, isByLine: boolean): AsyncGenerator<string> {
  if (text !== undefined) yield text;
  else if (isByLine) yield* readLines(process.stdin);
  else yield (await readText(process.stdin)).replace(/\n$/, "");
}
