import { isSameUsername } from "lacre";
import { UserChangedError } from "../errors.js";

/** Names of users by their ids, as the server first said them. */
export type UserNames = Record<number, string>;

/** Returns the name of a user; with the id if the name is unknown. */
export function nameIn(names: UserNames, userId: number): string {
  return names[userId] ?? `user ${userId}`;
}

/**
 * Adds the names of users whose names are unknown. Returns whether there were any.
 *
 * @throws {UserChangedError} if the server gives the name of a known user to another one.
 */
export function addNames(
  names: UserNames,
  users: Iterable<{ readonly user_id: number; readonly username: string }>,
): boolean {
  let isNew = false;
  for (const { user_id, username } of users) {
    if (names[user_id] !== undefined) continue;
    if (Object.values(names).some((name) => isSameUsername(name, username)))
      throw new UserChangedError(username);
    names[user_id] = username;
    isNew = true;
  }
  return isNew;
}
