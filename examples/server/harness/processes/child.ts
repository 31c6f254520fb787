import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";

const KEPT_LINES = 30;

/** Processes to kill when this process exits. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A child process. Keeps the last lines of its output. */
export class Child {
  readonly process: ChildProcess;
  readonly #name: string;
  #lines: string[] = [];

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions) {
    this.#name = name;
    this.process = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.process);
    this.process.on("exit", () => running.delete(this.process));
    // After an error at the start, such as a missing program, `hasEnded` is true.
    this.process.on("error", ({ message }) => this.#lines.push(message));
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.setEncoding("utf8");
      stream.on("data", (text: string) => {
        this.#lines = [...this.#lines, ...text.split("\n").filter(Boolean)].slice(-KEPT_LINES);
      });
    }
  }

  get pid(): number {
    return this.process.pid!;
  }

  get hasEnded(): boolean {
    const { pid, exitCode, signalCode } = this.process;
    return pid === undefined || exitCode !== null || signalCode !== null;
  }

  get lastOutput(): string {
    return `${this.#name} printed last:\n${this.#lines.join("\n")}`;
  }

  /** Sends a signal, and waits until the process has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
}
