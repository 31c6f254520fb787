import { findGroup } from "../groups/find-group.js";
import { GroupConnection } from "../groups/group-connection.js";
import { jsonGroupOutput, plainGroupOutput, quietGroupOutput } from "../groups/group-output.js";
import { withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { note } from "../printing.js";

/** `history --group`: prints the last messages of a group, oldest first. */
export async function groupHistory(
  options: Options & {
    readonly group: string;
    readonly json?: boolean;
    readonly limit: number;
    readonly before?: number;
  },
): Promise<void> {
  const { group, json = false, limit, before } = options;
  const output = json ? jsonGroupOutput : plainGroupOutput();
  await withMls(options, async (session) => {
    const connection = new GroupConnection({ session, output: quietGroupOutput });
    await connection.during(async () => {
      await connection.settle();
      const { chat_id } = await findGroup(session, connection, group);
      const page = { limit, ...(before !== undefined && { before }) };
      const messages = await connection.client.history(chat_id, page);
      for (const message of messages) await output.message(message, session.book);
      await output.flush();
      const first = messages[0]?.seq ?? 0;
      if (!json && messages.length === limit && first > 1)
        await note(`There are earlier ones: add --before ${first}`);
      if (connection.isGone(chat_id))
        await note("You are no longer in this group, as the server says.");
      if (connection.isOffline)
        await note("The server cannot be reached: these are the messages stored here.");
      await connection.untilSent(0);
    });
  });
}
