import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
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

  /** Runs lacre-chat in a terminal that says it has the size that `stty` is given, such as `cols 2`. */
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

  /** Pastes a text; in brackets if the program has asked for them. */
  paste(text: string): void {
    this.#tmux(["set-buffer"], ["--", text]);
    this.#tmux(["paste-buffer", "-p"]);
  }

  /** Types the bytes of a file, as a terminal of another encoding does. */
  typeFile(path: string): void {
    this.#tmux(["load-buffer"], [path]);
    this.#tmux(["paste-buffer"]);
  }

  /** Waits until a program shows the terminal's other screen, or does not any more. */
  async showsOtherScreen(isOther = true): Promise<void> {
    await this.#until(
      () =>
        this.#tmux(["display-message", "-p", "#{alternate_on}"]).trim() === (isOther ? "1" : "0"),
      () => `the other screen was ${isOther ? "never" : "always"} shown`,
    );
  }

  /** The id of the program that the shell runs. */
  get programId(): number {
    const shell = this.#tmux(["display-message", "-p", "#{pane_pid}"]).trim();
    return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, "utf8").trim());
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
    let seen = "";
    const isSeen = () => {
      seen = this.screen();
      return typeof expected === "string" ? seen.includes(expected) : expected.test(seen);
    };
    await this.#until(isSeen, () => `never saw ${expected} in:\n${seen}`);
    return seen;
  }

  async #until(condition: () => boolean, complaint: () => string): Promise<void> {
    const until = Date.now() + PATIENCE;
    while (!condition()) {
      if (Date.now() > until) throw new Error(complaint());
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
