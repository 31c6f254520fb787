import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Account, type Login, type LoginStore, readServerAddress, type Stores } from "lacre-client";
import { decodeText, loginInFile, storesInFiles, writeFile } from "lacre-client/node";
import * as z from "zod/mini";
import { CommandError, exitCodes } from "./command-error.js";
import { DEFAULT_SERVER, type Options } from "./options.js";

const isAddress = (text: string) => readServerAddress(text) !== undefined;

/** The settings of a profile. */
export const Config = z.object({
  server: z.optional(z.string().check(z.refine(isAddress, `an address such as ${DEFAULT_SERVER}`))),
  /** How messages that were shown are stored, to be read while the server cannot be reached. */
  history: z._default(z.enum(["nothing", "ciphertext"], "nothing or ciphertext"), "nothing"),
  /** Whether chat keys are stored, so that the program does not ask for passphrases again. */
  keys: z._default(z.enum(["ask", "keep"], "ask or keep"), "ask"),
});
export type Config = z.output<typeof Config>;

/** The files of one profile: its login, its settings, and the data of each account. */
export class Profile {
  readonly loginStore: LoginStore;
  readonly #server: string | undefined;
  readonly #configPath: string;
  readonly #stateFolder: string;

  constructor({ profile, server }: Options) {
    if (!/^[\w-]{1,64}$/.test(profile)) {
      throw new CommandError(
        `invalid profile name "${profile}": use letters, digits, _ and -`,
        exitCodes.usage,
      );
    }
    const { env } = process;
    const config = join(env.XDG_CONFIG_HOME || join(homedir(), ".config"), "lacre", profile);
    const state = join(env.XDG_STATE_HOME || join(homedir(), ".local", "state"), "lacre", profile);
    this.#server = server === undefined ? undefined : addressOf(server);
    this.#configPath = join(config, "config.json");
    this.#stateFolder = state;
    this.loginStore = loginInFile(join(config, "login.json"));
  }

  get configPath(): string {
    return this.#configPath;
  }

  readConfig(): Config {
    let bytes: Uint8Array;
    try {
      bytes = readFileSync(this.#configPath);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return z.parse(Config, {});
      throw new CommandError(`${this.#configPath} cannot be read (${(error as Error).message})`);
    }
    const text = decodeText(bytes, this.#configPath);
    try {
      return z.parse(Config, JSON.parse(text));
    } catch {
      throw new CommandError(
        `${this.#configPath} is not a valid configuration: correct it, or remove it`,
      );
    }
  }

  writeConfig(config: Config): void {
    writeFile(this.#configPath, `${JSON.stringify(config, null, 2)}\n`);
  }

  /** Returns the address of the server for registering and logging in. */
  async server(): Promise<string> {
    const previous = await this.loginStore.read();
    const chosen = this.readConfig().server;
    return this.#server ?? (chosen && addressOf(chosen)) ?? previous?.server ?? DEFAULT_SERVER;
  }

  /** Returns the folder with the MLS chats of an account. */
  mlsFolderOf(login: Login): string {
    return join(this.#folderOf(login), "mls");
  }

  /** Returns the folder with the data of an account. */
  #folderOf({ server, user_id }: Login): string {
    const host = server.replace(/^https?:\/\//, "");
    return join(this.#stateFolder, `${user_id}@${encodeURIComponent(host)}`);
  }

  /** Opens the stores of an account. Each account of the profile has a folder of its own. */
  readonly openStores = (login: Login): Stores => {
    const { history, keys } = this.readConfig();
    return storesInFiles(this.#folderOf(login), {
      history: history === "ciphertext",
      keys: keys === "keep",
    });
  };

  /**
   * Opens the account that is logged in. `timeout` returns the milliseconds that a request may take.
   *
   * @throws {NotLoggedInError}
   */
  async account(timeout?: () => number): Promise<Account> {
    const account = await Account.open(this.loginStore, this.openStores, timeout);
    const { server } = account.login;
    if (this.#server === undefined || this.#server === server) return account;
    throw new CommandError(
      `this profile is logged in at ${server}, not at ${this.#server}: log in there, or use another --profile`,
      exitCodes.usage,
    );
  }
}

function addressOf(server: string): string {
  const address = readServerAddress(server);
  if (address !== undefined) return address;
  throw new CommandError(
    `invalid server address "${server}": use one like ${DEFAULT_SERVER} or https://example.org/lacre, without user, ? and #`,
    exitCodes.usage,
  );
}
