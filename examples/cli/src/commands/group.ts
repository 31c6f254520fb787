import { CommandError, exitCodes } from "../command-error.js";
import { findGroup, requireUser } from "../groups/find-group.js";
import { GroupConnection } from "../groups/group-connection.js";
import { quietGroupOutput } from "../groups/group-output.js";
import { type MlsSession, withMls } from "../groups/mls-session.js";
import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";

/** How long to wait for another member's device, and until the name of the group is sent, in milliseconds. */
const TIMEOUT = 10_000;

export type GroupAction = "add" | "remove" | "leave" | "members";

/** `group`: shows and changes who is in a group. */
export async function group(
  action: GroupAction,
  name: string,
  username: string | undefined,
  options: Options & { readonly json?: boolean },
): Promise<void> {
  await withMls(options, async (session) => {
    const connection = new GroupConnection({ session, output: quietGroupOutput });
    await connection.during(async () => {
      await connection.settle();
      if (connection.isOffline)
        throw new CommandError("the server cannot be reached", exitCodes.unreachable);
      const { chat_id } = await findGroup(session, connection, name);
      if (action === "members") return showMembers(session, chat_id, options.json ?? false);
      if (action === "leave") return leave(session, connection, chat_id);
      await change(session, connection, { action, chatId: chat_id, username: username! });
    });
  });
}

async function change(
  session: MlsSession,
  connection: GroupConnection,
  { action, chatId, username }: { action: "add" | "remove"; chatId: number; username: string },
): Promise<void> {
  const { mls, book } = session;
  const userId = await requireUser(session, username);
  const isMember = () => mls.get(chatId)!.members.includes(userId);
  if (isMember() === (action === "add"))
    throw new CommandError(`${username} is ${isMember() ? "already" : "not"} in the group`);
  const { addedAt } = book.get(chatId);
  await mls.commit(chatId, { [action]: [userId] });
  if (isMember() !== (action === "add"))
    throw new CommandError("another change of the group came first: try again");
  if (action === "add") {
    // A new member has not received the name of the group.
    await connection.until(() => book.get(chatId).addedAt > addedAt, TIMEOUT);
    await connection.shareTitles();
    await connection.untilSent(TIMEOUT);
  }
  const name = printable(book.nameOf(chatId));
  await note(
    action === "add"
      ? `${printable(username)} is in the group ${name} now.`
      : `${printable(username)} is no longer in the group ${name}.`,
  );
}

async function leave(
  { mls, book }: MlsSession,
  connection: GroupConnection,
  chatId: number,
): Promise<void> {
  await mls.leave(chatId);
  const hasLeft = await connection.until(() => !mls.get(chatId)!.isActive, TIMEOUT);
  const name = printable(book.nameOf(chatId));
  await note(
    hasLeft
      ? `You have left the group ${name}.`
      : `You leave the group ${name}. It is done when a device of another member is online the next time.`,
  );
}

async function showMembers(
  { mls, book, account }: MlsSession,
  chatId: number,
  isJson: boolean,
): Promise<void> {
  const { members, roster } = mls.get(chatId)!;
  for (const user_id of members) {
    const name = book.userName(user_id);
    const devices = roster.filter((one) => one.user_id === user_id).length;
    const isOwn = user_id === account.user_id;
    const is_verified = mls.isVerified(user_id);
    if (isJson) await print(printableJson({ user_id, name, devices, is_verified }));
    else {
      const mark = isOwn ? "you" : is_verified ? "verified" : "not verified";
      await print(
        [printable(name), `${devices} device${devices === 1 ? "" : "s"}`, mark].join("\t"),
      );
    }
  }
}
