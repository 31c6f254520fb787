import { Api, toBase64 } from "../api.js";
import { Failure } from "../failure.js";
import { DEFAULT_SERVER, type Options } from "../options.js";
import { readProfile, writeProfile } from "../profile.js";
import { readSecret } from "../secrets.js";

/** `register` and `login`: asks for the password, and keeps what the server gives for it. */
export async function authenticate(
  endpoint: "register" | "login",
  username: string,
  options: Options,
): Promise<void> {
  const previous = readProfile(options.profile);
  const server = originOf(options.server ?? previous?.server ?? DEFAULT_SERVER);
  const password = await readSecret("password", {
    file: options.passwordFile,
    question: endpoint === "register" ? `A new password for ${username}` : `${username}'s password`,
  });
  const answer = await new Api(server).authenticate(endpoint, { username, password });
  const { access_token, refresh_token, user_id, session_key } = answer;
  if (access_token === undefined || user_id === undefined || session_key === undefined) {
    throw new Failure(`${server} let you in without a session: is it a lacre server?`);
  }
  const isSameAccount = previous?.server === server && previous.user_id === user_id;
  writeProfile(options.profile, {
    server,
    username: answer.username ?? username,
    user_id,
    access_token,
    refresh_token,
    session_key: toBase64(session_key),
    pins: isSameAccount ? previous.pins : {},
  });
  console.error(`You are ${answer.username ?? username} on ${server}.`);
}

function originOf(server: string): string {
  if (/^https?:/.test(server) && URL.canParse(server)) return new URL(server).origin;
  throw new Failure(`"${server}" is no server's address: write one like ${DEFAULT_SERVER}`);
}
