import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { exitCodes, Failure } from "./failure.js";
import { writeFile } from "./write-file.js";

/** What the client holds a chat to, once it has opened it. Bytes are base64 text. */
export interface Pin {
  readonly chat_id: number;
  readonly peer_id: number;
  readonly salt: string;
  readonly iterations: number;
  readonly key_check: string;
}

/** What a profile's file holds: an account, and what its chats are held to, by the peer's name. */
export interface Profile {
  readonly server: string;
  readonly username: string;
  readonly user_id: number;
  readonly access_token: string;
  /** What the next access token is had for, once. */
  readonly refresh_token: string | undefined;
  /** Base64 of the 32 bytes shared with the server. */
  readonly session_key: string;
  readonly pins: Readonly<Record<string, Pin>>;
}

export function readProfile(name: string): Profile | undefined {
  const path = pathOf(name);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Failure(`${path} cannot be read (${(error as Error).message})`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Failure(`${path} is damaged: remove it and log in again`);
  }
}

export function readSignedInProfile(name: string): Profile {
  const profile = readProfile(name);
  if (profile !== undefined) return profile;
  throw new Failure(
    `nobody is logged in under the profile "${name}": run lacre-chat login, or register first`,
    exitCodes.notLoggedIn,
  );
}

export function writeProfile(name: string, profile: Profile): void {
  writeFile(pathOf(name), `${JSON.stringify(profile, null, 2)}\n`);
}

/** Where the profile's sessions keep what they find again. Another account under the same profile has another folder. */
export function stateFolderOf(name: string, { server, user_id }: Profile): string {
  const state = process.env.XDG_STATE_HOME || join(homedir(), ".local", "state");
  return join(state, "lacre", name, `${user_id}@${encodeURIComponent(new URL(server).host)}`);
}

export function pathOf(name: string): string {
  if (!/^[\w-]{1,64}$/.test(name)) {
    throw new Failure(
      `"${name}" is no name for a profile: use letters, digits, _ and -`,
      exitCodes.usage,
    );
  }
  const config = process.env.XDG_CONFIG_HOME || join(homedir(), ".config");
  return join(config, "lacre", `${name}.json`);
}
