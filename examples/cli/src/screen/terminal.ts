import { writeSync } from "node:fs";

const ENTER = "\u001b[?1049h\u001b[2J";
const LEAVE = "\u001b[?25h\u001b[?1049l";

/** A terminal's other screen, which gives back the first as it was, however the program ends. */
export class Terminal {
  readonly #restore = () => this.leave();
  #isIn = false;

  get width(): number {
    return process.stdout.columns || 80;
  }

  get height(): number {
    return process.stdout.rows || 24;
  }

  enter(): void {
    process.once("exit", this.#restore);
    this.#isIn = true;
    process.stdout.write(ENTER);
  }

  leave(): void {
    process.off("exit", this.#restore);
    if (!this.#isIn) return;
    this.#isIn = false;
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    // At once: the process may be ending.
    writeSync(1, LEAVE);
  }

  /** Shows all lines, and the cursor on the last one. */
  show(lines: readonly string[], cursorColumn: number): void {
    if (!this.#isIn) return;
    const rows = lines.map((line, at) => `\u001b[${at + 1};1H\u001b[2K${line}`);
    const cursor = `\u001b[${lines.length};${cursorColumn + 1}H\u001b[?25h`;
    process.stdout.write(`\u001b[?25l${rows.join("")}${cursor}`);
  }
}
