import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Defaults to the running Node.js. */
  readonly command?: string;
}

/** Runs the server as a program, and records its output. */
export class ServerProgram {
  readonly ended: Promise<number | NodeJS.Signals>;
  output = "";
  readonly #process: ChildProcess;

  constructor(args: readonly string[], { env, cwd, command = process.execPath }: ProgramOptions) {
    // Do not pass on variables such as DATABASE_URL of this process.
    const { PATH, HOME } = process.env;
    // Detached: the program has its own process group, like each command of a shell.
    this.#process = spawn(command, args, { env: { PATH, HOME, ...env }, cwd, detached: true });
    this.ended = once(this.#process, "exit").then(([code, signal]) => code ?? signal);
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        this.#process.emit("output");
      });
    }
  }

  /** Waits until the output contains this text. */
  async printed(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      const ended = this.ended.then((status) => {
        throw new Error(`the server ended with ${status}: ${this.output}`);
      });
      await Promise.race([once(this.#process, "output"), ended]);
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Signals all processes of the program, like a terminal at Ctrl-C. */
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
