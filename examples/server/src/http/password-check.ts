import type { Context } from "hono";
import { usernameKey } from "lacre";
import { HttpError } from "../errors.js";
import type { ActiveSession } from "../identity/sessions.js";
import type { Services } from "../services.js";
import { passwordLimits } from "./password-limits.js";

/**
 * Returns a function that checks the password of a session's user, for what a stolen session must not suffice for.
 *
 * @throws {HttpError} in the function, if the password is wrong, or there were too many attempts.
 */
export function passwordCheck(services: Services) {
  const { store, passwords } = services;
  const limits = passwordLimits(services);
  return async (
    context: Context,
    { username }: ActiveSession,
    password: string | undefined,
  ): Promise<void> => {
    const { origin, succeeded } = await limits.login(context, username, undefined);
    const user = await store.users.findLogin(usernameKey(username), "");
    const form = password && (await passwords.verify(user?.hashed_password, password, origin));
    if (!form) {
      throw new HttpError(
        403,
        "ERR_WRONG_CREDENTIALS",
        "the password is missing or wrong: it is required to reset the device log",
      );
    }
    await succeeded();
  };
}
