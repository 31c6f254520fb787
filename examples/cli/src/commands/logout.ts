import type { Options } from "../options.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";

/** Ends the login, here and at the server. */
export async function logout(options: Options): Promise<void> {
  const account = await new Profile(options).account();
  const isTold = await account.logout();
  await note(`${account.username} is logged out here; chat keys that were kept are removed.`);
  if (!isTold) {
    await note(
      `${account.login.server} could not be told: there, the login goes on until it expires.`,
    );
  }
  const { length } = await account.stores.outbox.list();
  if (length > 0) {
    await note(`Not sent yet: ${length}. They are kept, and sent after the next login.`);
  }
}
