import { closeSync, mkdirSync, openSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CLOSE } from "lacre/session";
import { Api } from "./api.js";
import { isUnreachable, sessionEnded } from "./failure.js";
import { type Profile, pathOf, readSignedInProfile, writeProfile } from "./profile.js";

/** After so long a lock is of a program that died, in milliseconds. */
const STALE_LOCK_MS = 15_000;

/** The tokens of a profile, which all programs of that profile share: a refresh token is good once, and for one of them. */
export class Login {
  readonly #profileName: string;
  readonly #server: string;
  #accessToken: string;
  #renewing: Promise<void> | undefined;

  constructor(profileName: string, { server, access_token }: Profile) {
    this.#profileName = profileName;
    this.#server = server;
    this.#accessToken = access_token;
  }

  get accessToken(): string {
    return this.#accessToken;
  }

  /** Gets new tokens, once however many ask meanwhile. Throws a Failure where that needs a password. */
  renew(): Promise<void> {
    this.#renewing ??= this.#renew().finally(() => {
      this.#renewing = undefined;
    });
    return this.#renewing;
  }

  async #renew(): Promise<void> {
    const unlock = await lock(`${pathOf(this.#profileName)}.lock`);
    try {
      const profile = readSignedInProfile(this.#profileName);
      // Another program of this profile was here first.
      const isRenewed = profile.access_token !== this.#accessToken;
      this.#accessToken = isRenewed ? profile.access_token : await this.#exchange(profile);
    } finally {
      unlock();
    }
  }

  async #exchange(profile: Profile): Promise<string> {
    if (profile.refresh_token === undefined) throw sessionEnded(CLOSE.notAuthorised);
    const { access_token, refresh_token } = await new Api(this.#server)
      .refresh(profile.refresh_token)
      .catch((error) => {
        throw isUnreachable(error) ? error : sessionEnded(CLOSE.notAuthorised);
      });
    if (access_token === undefined) throw sessionEnded(CLOSE.notAuthorised);
    writeProfile(this.#profileName, { ...profile, access_token, refresh_token });
    return access_token;
  }
}

/** Waits until no other program has the file, and takes it. */
async function lock(path: string): Promise<() => void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      closeSync(openSync(path, "wx", 0o600));
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
      if (Date.now() - since > STALE_LOCK_MS) rmSync(path, { force: true });
      await sleep(50);
    }
  }
}
