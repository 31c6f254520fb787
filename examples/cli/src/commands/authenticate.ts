import { AuthRequest } from "lacre";
import { signIn } from "lacre-client";
import type { Options } from "../options.js";
import { note } from "../printing.js";
import { Profile } from "../profile.js";
import { readNewPassword, readSecret } from "../secrets.js";

/** A valid password of the minimum length, to validate the username alone. */
const SHORTEST_PASSWORD = "123456";

/** Returns why the server would reject a password, or undefined. */
function problemOf(credentials: { username: string; password: string }): string | undefined {
  const parsed = AuthRequest.safeParse(credentials);
  return parsed.success ? undefined : parsed.error.issues[0]?.message;
}

/** `register` and `login`: asks for the password, signs in, and stores the login. */
export async function authenticate(
  how: "register" | "login",
  username: string,
  options: Options,
): Promise<void> {
  // Reject an invalid username before asking for a password.
  AuthRequest.parse({ username, password: SHORTEST_PASSWORD });
  const profile = new Profile(options);
  const server = await profile.server();
  const file = options.passwordFile;
  const password =
    how === "register"
      ? await readNewPassword({
          file,
          question: `A new password for ${username}, of ${SHORTEST_PASSWORD.length} characters or more`,
          validate: (typed) => problemOf({ username, password: typed }),
        })
      : await readSecret("password", { file, question: `${username}'s password` });
  const { loginStore, openStores } = profile;
  const login = await signIn(how, server, { username, password }, loginStore, openStores);
  await note(`You are ${login.username} on ${server}.`);
}
