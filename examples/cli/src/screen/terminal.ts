import { writeSync } from "node:fs";

const ENTER = "\u001b[?1049h\u001b[2J\u001b[?2004h";
const LEAVE = "\u001b[?2004l\u001b[?25h\u001b[?1049l";

export interface Cursor {
  readonly row: number;
  readonly column: number;
}

/** A terminal's other screen, which gives back the first as it was, however the program ends. */
export class Terminal {
  readonly #restore = () => this.leave();
  #isIn = false;

  /** In cells, 1 or more. A terminal that gives no size has 80 by 24. */
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
    try {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      // Synchronously: the process may be ending.
      writeSync(1, LEAVE);
    } catch {
      // The terminal is closed.
    }
  }

  /** Shows lines from the top, and the cursor in one of them. */
  show(lines: readonly string[], cursor: Cursor): void {
    if (!this.#isIn) return;
    const rows = lines.map((line, at) => `\u001b[${at + 1};1H\u001b[2K${line}`);
    const place = `\u001b[${cursor.row + 1};${cursor.column + 1}H\u001b[?25h`;
    process.stdout.write(`\u001b[?25l${rows.join("")}${place}`);
  }
}
