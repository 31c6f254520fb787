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
import type { Actor } from "./actor.js";
import { CLI, hasEnded, SERVER, startExample, stop } from "./child.js";
import { DemoError } from "./demo-error.js";
import { PageActor } from "./page-actor.js";
import { RecordingProxy } from "./recording-proxy.js";
import { TerminalActor } from "./terminal-actor.js";
import { type Speaker, speakers } from "./transcript.js";

export const PASSWORD = "a password for the demo";
export const PASSPHRASE = "golondrina fuente aceituna bolsillo órbita sello";

const POLL_MS = 20;

/** Everything that the demo starts and leaves nothing of: a folder, a server, a proxy, two clients, maybe in a browser. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-demo-"));
  readonly databasePath = join(this.folder, "server.db");
  readonly logPath = join(this.folder, "server.log");
  readonly #browser: Browser | undefined;
  readonly #serverProgram: string;
  readonly #children: ChildProcess[] = [];
  #server: ChildProcess | undefined;
  #proxy: RecordingProxy | undefined;
  #isServerNeeded = false;

  /** With a browser, benito sits before it. */
  constructor(browser: Browser | undefined, serverProgram = SERVER) {
    this.#browser = browser;
    this.#serverProgram = serverProgram;
    // For ends that no `finally` sees.
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

  get needsPage(): boolean {
    return this.#browser !== undefined;
  }

  /** Why the server ended although the demo did not end it; undefined while it runs. */
  get serverFailure(): string | undefined {
    const server = this.#server;
    if (!this.#isServerNeeded || server === undefined || !hasEnded(server)) return undefined;
    const { exitCode, signalCode } = server;
    const lastLines = readFileSync(this.logPath, "utf8").trimEnd().split("\n").slice(-5);
    return `the server ended by itself (${signalCode ?? `exit code ${exitCode}`}): ${lastLines.join("\n")}`;
  }

  /** Starts the server on a free port, with the proxy before it. */
  async open(): Promise<void> {
    const folder = join(this.folder, "wire");
    mkdirSync(folder);
    this.#proxy = await RecordingProxy.start(folder);
    await this.startServer();
  }

  /** Starts the server on a free port: another process may have taken the one that it had before. */
  async startServer(): Promise<void> {
    // The server writes into the file itself, so that nothing it logged is lost in a pipe.
    const log = openSync(this.logPath, "a");
    const logged = statSync(this.logPath).size;
    const env = {
      DATABASE_URL: `sqlite:///${this.databasePath}`,
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: "0",
      LOG_LEVEL: "debug",
      ...(this.needsPage && { WEB_ROOT }),
    };
    const server = startExample(this.#serverProgram, [], env, ["ignore", log, log]);
    closeSync(log);
    this.#server = server;
    this.#children.push(server);
    this.proxy.connectTo(await portOf(server, this.logPath, logged));
    this.#isServerNeeded = true;
  }

  /** Ends the server like a power failure. */
  async killServer(): Promise<void> {
    this.#isServerNeeded = false;
    this.proxy.refuse();
    const server = this.#server!;
    if (hasEnded(server)) return;
    const ended = once(server, "exit");
    server.kill("SIGKILL");
    await ended;
  }

  /** Has the server finish what it does, and write its log to the end. */
  async stopServer(): Promise<void> {
    this.#isServerNeeded = false;
    this.proxy.refuse();
    await stop(this.#server!);
  }

  async register(name: Speaker): Promise<void> {
    const child = startExample(CLI, [...this.#argsOf(name), "register", name], this.#env());
    this.#children.push(child);
    const said = text(child.stderr!);
    const [code] = await once(child, "close");
    if (code !== 0) throw new DemoError(`${name} cannot register: ${(await said).trim()}`);
  }

  startTerminal(name: Speaker): Actor {
    const peer = speakers.find((other) => other !== name)!;
    const actor = new TerminalActor(name, peer, this.#argsOf(name), this.#env());
    this.#children.push(actor.process);
    return actor;
  }

  async enterBenito(): Promise<Actor> {
    if (this.#browser === undefined) return this.startTerminal("benito");
    const visit = { proxy: this.proxy, password: PASSWORD, passphrase: PASSPHRASE };
    return PageActor.enter("benito", "ana", this.#browser, visit);
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

/** The port that the server writes to its log, after the first `logged` bytes of it. */
async function portOf(server: ChildProcess, logPath: string, logged: number): Promise<number> {
  for (;;) {
    const isOver = hasEnded(server);
    const log = readFileSync(logPath).subarray(logged).toString();
    const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(log)?.[1];
    if (port !== undefined) return Number(port);
    if (isOver) throw new DemoError(`the server did not start: ${log.trim()}`);
    await delay(POLL_MS);
  }
}
