import { signIn } from "lacre-client";
import type { Options } from "../options.js";
import { Profile } from "../profile.js";
import { readNewSecret, readSecret } from "../secrets.js";

/** `register` and `login`: asks for the password, and keeps what the server gives for it. */
export async function authenticate(
  how: "register" | "login",
  username: string,
  options: Options,
): Promise<void> {
  const profile = new Profile(options);
  const server = await profile.server();
  const file = options.passwordFile;
  const password =
    how === "register"
      ? await readNewSecret("password", { file, question: `A new password for ${username}` })
      : await readSecret("password", { file, question: `${username}'s password` });
  const { loginStore, openStores } = profile;
  const login = await signIn(how, server, { username, password }, loginStore, openStores);
  console.error(`You are ${login.username} on ${server}.`);
}
