import { AuthRequest } from "lacre";
import { signIn } from "lacre-client";
import type { Options } from "../options.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";
import { readNewPassword, readSecret } from "../secrets.js";

/** The shortest that there may be. */
const ANY_PASSWORD = "123456";

/** Says what the server would reject in a password. */
function problemOf(credentials: { username: string; password: string }): string | undefined {
  const parsed = AuthRequest.safeParse(credentials);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}

/** `register` and `login`: asks for the password, and keeps what the server gives for it. */
export async function authenticate(
  how: "register" | "login",
  username: string,
  options: Options,
): Promise<void> {
  // Before the user is asked for a password.
  AuthRequest.parse({ username, password: ANY_PASSWORD });
  const profile = new Profile(options);
  const server = await profile.server();
  const file = options.passwordFile;
  const password =
    how === "register"
      ? await readNewPassword({
          file,
          question: `A new password for ${username}, of ${ANY_PASSWORD.length} characters or more`,
          validate: (typed) => problemOf({ username, password: typed }),
        })
      : await readSecret("password", { file, question: `${username}'s password` });
  const { loginStore, openStores } = profile;
  const login = await signIn(how, server, { username, password }, loginStore, openStores);
  await note(`You are ${login.username} on ${server}.`);
}
