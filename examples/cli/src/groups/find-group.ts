import { isSameUsername } from "lacre";
import type { MlsChatInfo } from "lacre/client/mls";
import { createMlsChat, suiteOf } from "lacre-client";
import { GroupTitle } from "lacre-client/groups";
import { CommandError, exitCodes } from "../command-error.js";
import type { GroupConnection } from "./group-connection.js";
import type { MlsSession } from "./mls-session.js";

/**
 * Returns the group with a name or an id. Waits for the server if this device does not know it.
 *
 * @throws {CommandError} if no group has that name, or this device is not in it.
 */
export async function findGroup(
  { mls, book }: MlsSession,
  connection: GroupConnection,
  name: string,
): Promise<MlsChatInfo> {
  const known = book.find(name);
  let group = known === undefined ? undefined : mls.get(known);
  if (group === undefined) {
    await connection.settle();
    const id = book.find(name);
    group = id === undefined ? undefined : mls.get(id);
  }
  if (group !== undefined) return group;
  throw new CommandError(
    `this device is in no group of this name: ${name}. lacre-chat chats lists your groups`,
  );
}

/**
 * Creates a group with users, and sends them its name.
 *
 * @throws {CommandError} if a group of this name exists, or a user has no device.
 */
export async function createGroup(
  session: MlsSession,
  connection: GroupConnection,
  name: string,
  usernames: readonly string[],
): Promise<MlsChatInfo> {
  const { account, mls, book } = session;
  if (!isTitle(name))
    throw new CommandError(
      "the name of a group has 1 to 100 characters, and does not begin with #",
      exitCodes.usage,
    );
  await connection.settle();
  let chatId = book.find(name);
  if (chatId !== undefined && mls.get(chatId) !== undefined)
    throw new CommandError(
      `you have a group named ${name} already: add users with lacre-chat group add`,
    );
  const users: number[] = [];
  for (const username of usernames) users.push(await requireUser(session, username));
  if (chatId === undefined) {
    ({ chat_id: chatId } = await createMlsChat(account.api, usernames));
    // If the program ends here, the next run makes the group of this chat.
    book.change(chatId, { title: name });
  }
  const suite = suiteOf(await account.api.getChat(chatId));
  await mls.create(chatId, { suite, add: users });
  await connection.shareTitles();
  return mls.get(chatId)!;
}

/**
 * Returns the id of a user who has a device.
 *
 * @throws {CommandError} if there is no such user, or the user has no device.
 */
export async function requireUser(
  { account, mls, book }: MlsSession,
  username: string,
): Promise<number> {
  if (isSameUsername(username, account.username))
    throw new CommandError("this is your own name: name another user", exitCodes.usage);
  const { users } = await account.api.searchUsers(username);
  const user = users.find((one) => isSameUsername(one.username, username));
  if (user === undefined) throw new CommandError(`there is no user of this name: ${username}`);
  book.addUsers([user]);
  if ((await mls.log(user.user_id)) !== undefined) return user.user_id;
  throw new CommandError(
    `${username} has no device for groups yet: ${username} has to run lacre-chat devices once`,
  );
}

/** Whether a text can be the name of a group. A name with `#` would look like an id. */
function isTitle(text: string): boolean {
  return GroupTitle.schema.safeParse({ title: text }).success && !text.startsWith("#");
}
