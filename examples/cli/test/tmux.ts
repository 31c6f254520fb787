import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../bin/lacre-chat.js", import.meta.url));
/** Maximum time until an expected text appears, in milliseconds. A client waits up to 30 s between two attempts to connect. */
const TIMEOUT = 60_000;

/** Returns whether tmux is installed. */
export function hasTmux(): boolean {
  try {
    execFileSync("tmux", ["-V"]);
    return true;
  } catch {
    return false;
  }
}

/** A terminal with a bash in it, on a tmux server of its own. */
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

  /** Runs lacre-chat in a terminal that reports a size set with `stty`, such as `cols 2`. Prints the exit code at the end. */
  runAt(size: string, ...args: readonly string[]): void {
    this.type(
      `clear; code=; before=$(stty size | sed 's/\\(.*\\) /rows \\1 cols /'); stty ${size}; `,
    );
    this.type(`${process.execPath} ${PROGRAM} ${args.join(" ")}; `);
    this.type("code=$?; stty $before; clear; echo ended with $code");
    this.press("Enter");
  }

  resize({ width, height }: { width: number; height: number }): void {
    this.#tmux(["resize-window", "-x", `${width}`, "-y", `${height}`]);
  }

  /** Pastes a text; as a bracketed paste if the program has enabled that. */
  paste(text: string): void {
    this.#tmux(["set-buffer"], ["--", text]);
    this.#tmux(["paste-buffer", "-p"]);
  }

  /** Types the bytes of a file, as a terminal with another encoding sends them. */
  typeFile(path: string): void {
    this.#tmux(["load-buffer"], [path]);
    this.#tmux(["paste-buffer"]);
  }

  /** Waits until a program shows the terminal's alternate screen, or has left it. */
  async untilAlternateScreen(isShown = true): Promise<void> {
    await this.#until(
      () =>
        this.#tmux(["display-message", "-p", "#{alternate_on}"]).trim() === (isShown ? "1" : "0"),
      () => `the alternate screen was ${isShown ? "not shown" : "not left"} in time`,
    );
  }

  /** The id of the process that the shell runs. */
  get processId(): number {
    const shell = this.#tmux(["display-message", "-p", "#{pane_pid}"]).trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim());
  }

  type(text: string): void {
    this.#tmux(["send-keys", "-l"], ["--", text]);
  }

  /** Presses a key, given by its tmux name such as C-c. */
  press(key: string): void {
    this.#tmux(["send-keys"], [key]);
  }

  /** Returns the visible text; with `colours`, also the escape sequences of its colours. */
  screen({ colours = false } = {}): string {
    return this.#tmux(["capture-pane", "-p", ...(colours ? ["-e", "-N"] : [])]);
  }

  /** Waits until a text is visible. Returns all visible text. */
  async sees(expected: string | RegExp): Promise<string> {
    let seen = "";
    const isSeen = () => {
      seen = this.screen();
      return typeof expected === "string" ? seen.includes(expected) : expected.test(seen);
    };
    await this.#until(isSeen, () => `${expected} did not appear in time in:\n${seen}`);
    return seen;
  }

  async #until(condition: () => boolean, failure: () => string): Promise<void> {
    const end = Date.now() + TIMEOUT;
    while (!condition()) {
      if (Date.now() > end) throw new Error(failure());
      await sleep(50);
    }
  }

  /** Waits for the shell's prompt. */
  async seesPrompt(): Promise<void> {
    await this.sees(/^\$$/m);
  }

  /** Runs a command in the shell and returns its output. `$code` in it is the exit code of the command before. */
  async ask(command: string): Promise<string> {
    // The typed command shows the end mark in two parts, so that only the output has it whole.
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
