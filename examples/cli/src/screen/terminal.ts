import { writeSync } from "node:fs";

const ENTER = "\u001b[?1049h\u001b[2J\u001b[?2004h";
const LEAVE = "\u001b[?2004l\u001b[?25h\u001b[?1049l";

export interface Cursor {
  readonly row: number;
  readonly column: number;
}

/** The terminal's alternate screen. When the process exits, the main screen is restored. */
export class Terminal {
  readonly #restore = () => this.leave();
  #isActive = false;

  /** Width in cells, at least 1. A terminal that reports no size counts as 80 by 24. */
  get width(): number {
    return process.stdout.columns || 80;
  }

  get height(): number {
    return process.stdout.rows || 24;
  }

  enter(): void {
    process.once("exit", this.#restore);
    this.#isActive = true;
    process.stdout.write(ENTER);
  }

  leave(): void {
    process.off("exit", this.#restore);
    if (!this.#isActive) return;
    this.#isActive = false;
    try {
      if (process.stdin.isTTY) process.stdin.setRawMode(false);
      // Write synchronously, because the process may be exiting.
      writeSync(1, LEAVE);
    } catch {
      // The terminal is closed.
    }
  }

  /** Draws lines from the top of the screen, and shows the cursor. */
  show(lines: readonly string[], cursor: Cursor): void {
    if (!this.#isActive) return;
    const rows = lines.map((line, at) => `\u001b[${at + 1};1H\u001b[2K${line}`);
    const moveCursor = `\u001b[${cursor.row + 1};${cursor.column + 1}H\u001b[?25h`;
    process.stdout.write(`\u001b[?25l${rows.join("")}${moveCursor}`);
  }
}
