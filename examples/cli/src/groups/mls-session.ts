import { MlsChats, MlsHistory } from "lacre/client/mls";
import { mlsFileStorage } from "lacre/client/node";
import { type Account, historyServerOf, mlsServerOf } from "lacre-client";
import { type GroupChats, GroupTitle } from "lacre-client/groups";
import { CommandError } from "../command-error.js";
import type { Options } from "../options.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";
import { requireDevice } from "./first-device.js";
import { GroupBook } from "./group-book.js";

/** Maximum time to wait for another program that uses the MLS chats, in milliseconds. */
const LOCK_TIMEOUT = 10_000;
/** Maximum time to wait until all is closed, in milliseconds. A request may be unanswered. */
const CLOSE_TIMEOUT = 2000;

/** The MLS chats of the account that is logged in, while this program uses them. */
export interface MlsSession {
  readonly account: Account;
  readonly mls: GroupChats;
  readonly history: MlsHistory<typeof GroupTitle>;
  readonly book: GroupBook;
  /** Folder of the MLS chats. */
  readonly folder: string;
}

/**
 * Opens the MLS chats, runs `work`, and closes them. Waits while another program uses them.
 *
 * @param hasDevice - Whether `work` needs a device of the account. If the account has none, this becomes its first one.
 * @throws {CommandError} if another program uses the MLS chats for too long, or this device is not one of the account.
 */
export async function withMls<Result>(
  options: Options,
  work: (session: MlsSession) => Promise<Result>,
  { hasDevice = true } = {},
): Promise<Result> {
  const profile = new Profile(options);
  const account = await profile.account();
  const folder = profile.mlsFolderOf(account.login);
  const mls = await open(account, folder);
  try {
    const history = await MlsHistory.open(mls, historyServerOf(account.api));
    const session = { account, mls, history, folder, book: new GroupBook(folder) };
    session.book.addUsers([account]);
    if (hasDevice) await requireDevice(mls, options);
    return await work(session);
  } finally {
    const late = new Promise((resolve) => setTimeout(resolve, CLOSE_TIMEOUT).unref());
    await Promise.race([mls.close(), late]);
  }
}

async function open({ user_id, api }: Account, folder: string): Promise<GroupChats> {
  const signal = AbortSignal.timeout(LOCK_TIMEOUT);
  try {
    return await MlsChats.open({
      ...{
        user_id,
        storage: mlsFileStorage(folder),
        server: mlsServerOf(api),
        contents: [GroupTitle],
      },
      signal,
      onWait: () =>
        void note("Another lacre-chat of this profile uses the groups: waiting for it…"),
    });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CommandError(
      "another lacre-chat of this profile uses the groups: end its chat or listen, and try again",
    );
  }
}
