import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";

const KEPT_LINES = 30;

/** What runs still ends together with this process. */
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** A process that this one starts, and what it said last. */
export class Child {
  readonly process: ChildProcess;
  readonly #name: string;
  #lines: string[] = [];

  constructor(name: string, command: string, args: readonly string[], options: SpawnOptions) {
    this.#name = name;
    this.process = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    running.add(this.process);
    this.process.on("exit", () => running.delete(this.process));
    // An error at the start, as that there is no such program, is told by `hasEnded`.
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

  get lastWords(): string {
    return `${this.#name} said last:\n${this.#lines.join("\n")}`;
  }

  /** Sends a signal, and waits until the process is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasEnded) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }
}
