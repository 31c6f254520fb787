import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** By default Node itself. */
  readonly command?: string;
}

/** The server as a program, and what it says. */
export class ServerProgram {
  readonly ended: Promise<number | NodeJS.Signals>;
  output = "";
  readonly #process: ChildProcess;

  constructor(args: readonly string[], { env, cwd, command = process.execPath }: ProgramOptions) {
    // Without what this process's own environment says of databases.
    const { PATH, HOME } = process.env;
    // A process group of its own, as a shell gives to each command.
    this.#process = spawn(command, args, { env: { PATH, HOME, ...env }, cwd, detached: true });
    this.ended = once(this.#process, "exit").then(([code, signal]) => code ?? signal);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#process.emit("said");
      });
    }
  }

  /** Waits until it has said this. */
  async said(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const ended = this.ended.then((how) => {
        throw new Error(`the server ended with ${how}: ${this.output}`);
      });
      await Promise.race([once(this.#process, "said"), ended]);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Signals all processes of the program, as a terminal does at Ctrl-C. */
  killGroup(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#process.pid!, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.kill(signal);
    return this.ended;
  }
}
