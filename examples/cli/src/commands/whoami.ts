import { UnreachableError } from "lacre-client";
import type { Options } from "../options.js";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import { Profile } from "../profile.js";

/** `whoami`: prints who is logged in, after checking the login at the server. */
export async function whoami(options: Options & { json?: boolean }): Promise<void> {
  const { api, login } = await new Profile(options).account();
  const { username, user_id, server } = login;
  try {
    await api.getMe();
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    await note(`${server} cannot be reached: this is the stored login:`);
  }
  const line = options.json
    ? printableJson({ username, user_id, server, profile: options.profile })
    : `${printable(username)} (user ${user_id}) on ${server}`;
  await print(line);
}
