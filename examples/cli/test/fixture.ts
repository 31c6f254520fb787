import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { outcomeOf, recordsOf, startProgram, textsOf } from "./program.js";
import { TmuxTerminal } from "./tmux.js";

interface Server {
  readonly url: string;
  start(): Promise<void>;
  remove(): Promise<void>;
}

/** Names of the files in the fixture's folder that the program reads a password and a passphrase from; null for no file. */
interface SecretFiles {
  readonly password?: string;
  readonly passphrase?: string | null;
}

interface RunOptions extends SecretFiles {
  /** Standard input. */
  readonly input?: string | Uint8Array;
}

/** Runs the program at a server, with its files and those of its secrets in a temporary folder. */
export class CliFixture<S extends Server> {
  readonly server: S;
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-cli-test-"));
  readonly #terminals: TmuxTerminal[] = [];

  /** Before the tests of the file or `describe`, starts the server and registers users; removes everything after them. */
  constructor(server: S, usernames: readonly string[] = []) {
    this.server = server;
    this.write("password", "correct horse\n");
    this.write("passphrase", "battery staple\n");
    beforeAll(async () => {
      await server.start();
      await Promise.all(usernames.map((name) => this.run(name, ["register", name])));
    });
    afterAll(async () => {
      for (const terminal of this.#terminals) terminal.close();
      await server.remove();
      rmSync(this.folder, { recursive: true });
    });
  }

  pathOf(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string | Uint8Array): void {
    writeFileSync(this.pathOf(name), content);
  }

  /** Returns the options for a profile, the server and the secrets. */
  optionsOf(
    profile: string,
    { password = "password", passphrase = "passphrase" }: SecretFiles = {},
  ): string[] {
    return [
      ...["--profile", profile, "--server", this.server.url],
      ...["--password-file", this.pathOf(password)],
      ...(passphrase === null ? [] : ["--passphrase-file", this.pathOf(passphrase)]),
    ];
  }

  start(profile: string, args: readonly string[], files: SecretFiles = {}) {
    return startProgram(this.folder, [...this.optionsOf(profile, files), ...args]);
  }

  run(profile: string, args: readonly string[], { input, ...files }: RunOptions = {}) {
    return outcomeOf(this.start(profile, args, files), input);
  }

  /** Returns the texts of a chat's last 100 messages, as a profile reads them. */
  async history(profile: string, peer: string): Promise<unknown[]> {
    const { stdout } = await this.run(profile, ["history", peer, "--json", "--limit", "100"]);
    return textsOf(recordsOf(stdout));
  }

  /** Returns the paths of the files with the messages that a profile has queued. */
  queued(profile: string): string[] {
    const folder = this.pathOf(`lacre/${profile}`);
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    return names.filter((name) => /outbox.*\.json$/.test(name)).map((name) => join(folder, name));
  }

  /** Opens a terminal in which programs use the files of this fixture. */
  openTerminal(size: { readonly width: number; readonly height: number }): TmuxTerminal {
    const env = { XDG_CONFIG_HOME: this.folder, XDG_STATE_HOME: this.folder };
    const terminal = new TmuxTerminal(size, env);
    this.#terminals.push(terminal);
    return terminal;
  }
}
