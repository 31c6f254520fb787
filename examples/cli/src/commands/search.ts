import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { Profile } from "../profile.js";

/** `search`: prints the first page of the users whose names begin with `beginning`. */
export async function search(
  beginning: string,
  options: Options & { json?: boolean },
): Promise<void> {
  const { api } = await new Profile(options).account();
  const { users, next } = await api.searchUsers(beginning);
  for (const user of users) {
    await print(options.json ? printableJson(user) : printable(user.username));
  }
  if (users.length === 0) await note(`No user's name begins with "${printable(beginning)}".`);
  if (next !== undefined) await note("There are more users: give more letters of the name.");
}
