import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { Browser } from "playwright-core";
import buildPage, { WEB_ROOT } from "../../web/tools/build-page.js";
import type { Actor } from "./actor.js";
import { startExample, stop } from "./child.js";
import { DemoError } from "./demo-error.js";
import { PageActor } from "./page-actor.js";
import { RecordingProxy } from "./recording-proxy.js";
import { TerminalActor } from "./terminal-actor.js";
import { type Speaker, speakers } from "./transcript.js";

const PASSWORD = "a password for the demo";
const PASSPHRASE = "lo que sólo ellos saben";

/** Everything that the demo starts and leaves nothing of: a folder, a server, a proxy, two clients, maybe in a browser. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "lacre-demo-"));
  readonly databasePath = join(this.folder, "server.db");
  readonly logPath = join(this.folder, "server.log");
  readonly #browser: Browser | undefined;
  readonly #children: ChildProcess[] = [];
  #server: ChildProcess | undefined;
  #proxy: RecordingProxy | undefined;
  /** 0 until the server has chosen one. */
  #port = 0;

  /** With a browser, benito sits before it. */
  constructor(browser: Browser | undefined) {
    this.#browser = browser;
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

  /** Has the page built, if it is needed, and the server on a free port, with the proxy before it. */
  async open(): Promise<void> {
    if (this.#browser !== undefined) await buildPage();
    await this.startServer();
    const folder = join(this.folder, "wire");
    mkdirSync(folder);
    this.#proxy = await RecordingProxy.start(this.#port, folder);
  }

  /** At the port where it was before. */
  async startServer(): Promise<void> {
    const server = startExample("server", [], {
      DATABASE_URL: `sqlite:///${this.databasePath}`,
      SERVER_HOST: "127.0.0.1",
      SERVER_PORT: String(this.#port),
      LOG_LEVEL: "debug",
      ...(this.#browser && { WEB_ROOT }),
    });
    this.#server = server;
    this.#children.push(server);
    const log = createWriteStream(this.logPath, { flags: "a" });
    server.stdout!.pipe(log, { end: false });
    server.stderr!.pipe(log, { end: false });
    this.#port = await portOf(server);
  }

  /** As a machine that loses its power. */
  async killServer(): Promise<void> {
    const ended = once(this.#server!, "close");
    this.#server!.kill("SIGKILL");
    await ended;
  }

  async register(name: Speaker): Promise<void> {
    const child = startExample("cli", [...this.#argsOf(name), "register", name], this.#env());
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
    const visit = { url: this.proxy.url, password: PASSWORD, passphrase: PASSPHRASE };
    return PageActor.enter("benito", "ana", this.#browser, visit);
  }

  async close(): Promise<void> {
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

/** The port that the server says it listens on. */
function portOf(server: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    const listen = (bytes: Buffer) => {
      said += bytes;
      const port = /"url":"http:\/\/127\.0\.0\.1:(\d+)"/.exec(said)?.[1];
      if (port === undefined) return;
      server.stdout!.off("data", listen);
      resolve(Number(port));
    };
    server.stdout!.on("data", listen);
    server.stderr!.on("data", listen);
    server.once("exit", () => reject(new DemoError(`the server did not start: ${said.trim()}`)));
  });
}
