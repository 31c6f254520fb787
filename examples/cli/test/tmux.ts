import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../bin/lacre-chat.js", import.meta.url));
/** In milliseconds. */
const PATIENCE = 30_000;

/** Whether there is a tmux to show programs in. */
export function hasTmux(): boolean {
  try {
    execFileSync("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

/** A real terminal with a shell in it, on a tmux server of its own. */
export class TmuxTerminal {
  readonly #server = `lacre-${randomUUID()}`;

  constructor(size: { width: number; height: number }, env: NodeJS.ProcessEnv) {
    this.#tmux(
      ["-f", "/dev/null", "new-session", "-d", "-x", `${size.width}`, "-y", `${size.height}`],
      ["env", "PS1=$ ", "TERM=screen-256color", "bash", "--norc", "--noprofile"],
      { ...process.env, LANG: "C.UTF-8", ...env },
    );
  }

  /** Runs lacre-chat in it. */
  run(...args: readonly string[]): void {
    this.type(`clear; ${process.execPath} ${PROGRAM} ${args.join(" ")}`);
    this.press("Enter");
  }

  type(text: string): void {
    this.#tmux(["send-keys", "-l"], ["--", text]);
  }

  /** A key by its tmux name, such as C-c. */
  press(key: string): void {
    this.#tmux(["send-keys"], [key]);
  }

  /** What can be seen; with its colours as escape sequences if asked for. */
  screen({ colours = false } = {}): string {
    return this.#tmux(["capture-pane", "-p", ...(colours ? ["-e", "-N"] : [])]);
  }

  /** Waits until something can be seen. */
  async sees(expected: string | RegExp): Promise<string> {
    const until = Date.now() + PATIENCE;
    for (;;) {
      const seen = this.screen();
      if (typeof expected === "string" ? seen.includes(expected) : expected.test(seen)) return seen;
      if (Date.now() > until) throw new Error(`never saw ${expected} in:\n${seen}`);
      await sleep(50);
    }
  }

  /** Waits until the shell asks for a command. */
  async seesPrompt(): Promise<void> {
    await this.sees(/^\$$/m);
  }

  /** What a command of the shell says, to which `$code` is how the program before ended. */
  async ask(command: string): Promise<string> {
    const end = randomUUID().slice(0, 8);
    this.type(`code=$?; clear; ${command}; echo "${end.slice(0, 4)}""${end.slice(4)}"`);
    this.press("Enter");
    return (await this.sees(end)).split(end)[0]!;
  }

  close(): void {
    this.#tmux(["kill-server"]);
  }

  #tmux(command: readonly string[], more: readonly string[] = [], env = process.env): string {
    const args = ["-u", "-L", this.#server, ...command, ...more];
    return execFileSync("tmux", args, { encoding: "utf8", env });
  }
}
