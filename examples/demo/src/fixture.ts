import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { WEB_ROOT } from "../../web/tools/build-page.js";
import { CLI, hasEnded, SERVER, startExample, stop } from "./child.js";
import { DemoError } from "./demo-error.js";
import { PageParticipant } from "./page-participant.js";
import type { Participant } from "./participant.js";
import { RecordingProxy } from "./recording-proxy.js";
import { TerminalParticipant } from "./terminal-participant.js";
import { type Speaker, speakers } from "./transcript.js";

export const PASSWORD = "a password for the demo";
export const PASSPHRASE = "golondrina fuente aceituna bolsillo órbita sello";

const POLL_MS = 20;

/** Starts the server, the proxy and the clients of a run in a temporary folder. `close` stops and removes all of it. */
export class DemoFixture {
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-demo-"));
  readonly databasePath = join(this.folder, "server.db");
  /** Whether the users also talk in a group. */
  readonly hasGroup: boolean = true;
  readonly logPath = join(this.folder, "server.log");
  readonly #browser: Browser | undefined;
  readonly #serverProgram: string;
  readonly #children: ChildProcess[] = [];
  #server: ChildProcess | undefined;
  #proxy: RecordingProxy | undefined;
  #isServerNeeded = false;

  /** With a browser, benito uses the web client in it. */
  constructor(browser: Browser | undefined, serverProgram = SERVER) {
    this.#browser = browser;
    this.#serverProgram = serverProgram;
    // An uncaught error ends the process without running `finally` blocks.
    process.once("exit", () => {
      for (const child of this.#children) child.kill("SIGKILL");
      rmSync(this.folder, { recursive: true, force: true });
    });
    writeFileSync(join(this.folder, "password"), PASSWORD);
    writeFileSync(join(this.folder, "passphrase"), PASSPHRASE);
  }

  get proxy(): RecordingProxy {
    return this.#proxy!;
  }

  get usesWebClient(): boolean {
    return this.#browser !== undefined;
  }

  /** The error if the server has exited without being stopped or killed by the demo; undefined otherwise. */
  get serverFailure(): string | undefined {
    const server = this.#server;
    if (!this.#isServerNeeded || server === undefined || !hasEnded(server)) return undefined;
    const { exitCode, signalCode } = server;
    const lastLines = readFileSync(this.logPath, "utf8").trimEnd().split("\n").slice(-5);
    return `the server ended by itself (${signalCode ?? `exit code ${exitCode}`}): ${lastLines.join("\n")}`;
  }

  /** Starts the proxy and the server behind it. */
  async start(): Promise<void> {
    const folder = join(this.folder, "wire");
    mkdirSync(folder);
    this.#proxy = await RecordingProxy.start(folder);
    await this.startServer();
  }

  /** Starts the server on a free port. A restarted server cannot reuse its port: another process may have taken it. */
  async startServer(): Promise<void> {
    // The server writes to the log file directly: a pipe would lose data when the server is killed.
    const log = openSync(this.logPath, "a");
    const logged = statSync(this.logPath).size;
    const env = {
      DATABASE_URL: `sqlite:///${this.databasePath}`,
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: "0",
      LOG_LEVEL: "debug",
      ...(this.usesWebClient && { WEB_ROOT }),
    };
    const server = startExample(this.#serverProgram, [], env, ["ignore", log, log]);
    closeSync(log);
    this.#server = server;
    this.#children.push(server);
    this.proxy.connectTo(await portOf(server, this.logPath, logged));
    this.#isServerNeeded = true;
  }

  /** Kills the server with SIGKILL, so that it cannot finish anything. */
  async killServer(): Promise<void> {
    this.#isServerNeeded = false;
    this.proxy.rejectConnections();
    const server = this.#server!;
    if (hasEnded(server)) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  }

  /** Stops the server with SIGTERM, so that it finishes its requests and writes its whole log. */
  async stopServer(): Promise<void> {
    this.#isServerNeeded = false;
    this.proxy.rejectConnections();
    await stop(this.#server!);
  }

  async register(name: Speaker): Promise<void> {
    await this.#run(name, ["register", name], "register");
  }

  /** Runs a command of the terminal client until it ends. */
  async #run(name: Speaker, command: readonly string[], what: string): Promise<void> {
    const child = startExample(CLI, [...this.#argsOf(name), ...command], this.#env());
    this.#children.push(child);
    child.stdout!.resume();
    const stderr = text(child.stderr!);
    const [code] = await once(child, "close");
    if (code !== 0) throw new DemoError(`${name} cannot ${what}: ${(await stderr).trim()}`);
  }

  startTerminalClient(name: Speaker): Participant {
    const peer = speakers.find((other) => other !== name)!;
    return this.#startTerminal(name, [peer]);
  }

  /** Starts a terminal client in a group. With `members`, it creates the group. */
  startGroupClient(name: Speaker, group: string, members: readonly string[] = []): Participant {
    return this.#startTerminal(name, [...members, "--group", group]);
  }

  #startTerminal(name: Speaker, chat: readonly string[]): Participant {
    const participant = new TerminalParticipant(name, chat, this.#argsOf(name), this.#env());
    this.#children.push(participant.process);
    return participant;
  }

  /** Makes the first device of a user for groups. Returns the path of the file with the recovery key. */
  async beginDevice(name: Speaker): Promise<string> {
    const path = join(this.folder, `${name}-recovery-key`);
    await this.#run(name, ["devices", "--recovery-key-out", path], "make a device for groups");
    return path;
  }

  /** Starts benito's client: the web client if there is a browser, else the terminal client. */
  async startBenito(): Promise<Participant> {
    if (this.#browser === undefined) return this.startTerminalClient("benito");
    const access = { proxy: this.proxy, password: PASSWORD, passphrase: PASSPHRASE };
    return PageParticipant.enter("benito", "ana", this.#browser, access);
  }

  async close(): Promise<void> {
    this.#isServerNeeded = false;
    await Promise.all([...this.#children.map(stop), this.#browser?.close()]);
    this.#proxy?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #argsOf(name: Speaker): string[] {
    const password = join(this.folder, "password");
    const passphrase = join(this.folder, "passphrase");
    return [
      ...["--server", this.proxy.url, "--profile", name],
      ...["--password-file", password, "--passphrase-file", passphrase],
    ];
  }

  #env(): NodeJS.ProcessEnv {
    const config = join(this.folder, "config");
    return { XDG_CONFIG_HOME: config, XDG_STATE_HOME: join(this.folder, "state") };
  }
}

/** Waits until the server logs its port, and returns it. Ignores the first `logged` bytes of the log. */
async function portOf(server: ChildProcess, logPath: string, logged: number): Promise<number> {
  for (;;) {
    // Check this before reading the log: a server that exits later may still have logged its port.
    const isOver = hasEnded(server);
    const log = readFileSync(logPath).subarray(logged).toString();
    const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(log)?.[1];
    if (port !== undefined) return Number(port);
    if (isOver) throw new DemoError(`the server did not start: ${log.trim()}`);
    await delay(POLL_MS);
  }
}
