import { CommandError, exitCodes } from "../command-error.js";
import { findGroup } from "../groups/find-group.js";
import { GroupConnection } from "../groups/group-connection.js";
import { plainGroupOutput, quietGroupOutput } from "../groups/group-output.js";
import { withMls } from "../groups/mls-session.js";
import { readText } from "../lines.js";
import { printable } from "../printable.js";
import { note } from "../printing.js";
import { assertText, type SendOptions, textsToSend, timeoutOf } from "./send.js";

/** `send --group`: sends one text, or each line of standard input, to a group. */
export async function groupSend(
  text: string | undefined,
  options: SendOptions & { readonly group: string },
): Promise<void> {
  const { quiet = false, lines = false, wait, group } = options;
  const given = text ?? (lines || process.stdin.isTTY ? undefined : await readText(process.stdin));
  if (given !== undefined) assertText(given);
  const output = quiet ? quietGroupOutput : { ...plainGroupOutput(), message: async () => {} };
  await withMls(options, async (session) => {
    const connection = new GroupConnection({
      ...{ session, output },
      onMessage: (message, isSent) =>
        isSent ? output.sent(message, session.book) : Promise.resolve(),
    });
    let unsent = 0;
    await connection.during(async () => {
      const { chat_id } = await findGroup(session, connection, group);
      if (!quiet) await note(`Sending to ${printable(session.book.nameOf(chat_id))}.`);
      await connection.untilEarlierSent();
      for await (const message of textsToSend(given, lines))
        connection.send(chat_id, { kind: "text", text: message });
      const isSent = await connection.untilSent(timeoutOf(options), !wait);
      // Members may lack the name of a group. The server may reject a text before it lists the chats.
      if (isSent) await connection.settle();
      await connection.assertMember(chat_id);
      if (!isSent) return;
      await connection.untilEarlierSent();
    });
    unsent = await connection.countUnsent();
    if (unsent > 0) {
      const kept = `not sent yet: ${unsent}. They are kept here, encrypted, and sent when a command about groups next reaches the server`;
      if (wait) throw new CommandError(kept, exitCodes.unreachable);
      if (!quiet) await note(`  ${kept}`);
    }
    const { failed } = connection;
    if (failed > 0) throw new CommandError(`${failed} messages were not sent`);
  });
}
