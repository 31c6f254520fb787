import type { Options } from "../options.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

/** `logout`: ends the login here and at the server. */
export async function logout(options: Options): Promise<void> {
  const account = await new Profile(options).account();
  const isEndedAtServer = await account.logout();
  await note(`${account.username} is logged out here; stored chat keys are removed.`);
  if (!isEndedAtServer) {
    await note(
      `${account.login.server} could not be reached: the login stays valid there until it expires.`,
    );
  }
  const { length } = await account.stores.outbox.list();
  if (length > 0) {
    await note(`Not sent yet: ${length}. They are kept, and sent after the next login.`);
  }
}
