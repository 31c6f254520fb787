import { findGroup } from "../groups/find-group.js";
import { GroupConnection } from "../groups/group-connection.js";
import { GroupFeed } from "../groups/group-feed.js";
import { jsonGroupOutput, plainGroupOutput } from "../groups/group-output.js";
import { withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { stopSignal } from "../stop-signal.js";

/** `listen --group`: shows incoming messages of a group, from where the last `listen` or `chat` ended. */
export async function groupListen(
  options: Options & { readonly group: string; readonly json?: boolean },
): Promise<void> {
  const { group, json = false } = options;
  const stopped = stopSignal();
  const output = json ? jsonGroupOutput : plainGroupOutput();
  await withMls(options, async (session) => {
    let chatId: number | undefined;
    const feed = new GroupFeed(session, output, (id) => id === chatId);
    const connection = new GroupConnection({
      ...{ session, output },
      onMessage: (message, isSent) => feed.receive(message, isSent),
    });
    await connection.during(async () => {
      const found = await Promise.race([stopped, findGroup(session, connection, group)]);
      if (found === undefined) return;
      chatId = found.chat_id;
      const name = session.book.nameOf(chatId);
      if (json) await print(printableJson({ event: "ready", chat_id: chatId, group: name }));
      else await note(`Listening to ${printable(name)}. Ctrl-C ends.`);
      await feed.begin(connection.client);
      void connection.settle().catch(() => {});
      await stopped;
    });
  });
}
