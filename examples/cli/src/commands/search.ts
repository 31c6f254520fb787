import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { Profile } from "../profile.js";

/** People whose names begin like this, the first fifty. */
export async function search(
  beginning: string,
  options: Options & { json?: boolean },
): Promise<void> {
  const { api } = await new Profile(options).account();
  const { users, next } = await api.searchUsers(beginning);
  for (const user of users) {
    console.log(options.json ? printableJson(user) : printable(user.username));
  }
  if (users.length === 0) console.error(`Nobody's name begins with "${printable(beginning)}".`);
  if (next !== undefined) console.error("There are more: write more of the name.");
}
