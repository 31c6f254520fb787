import { createInterface, type Interface } from "node:readline";
import { Writable } from "node:stream";
import stringWidth from "string-width";
import { printable } from "../printable.js";

const PROMPT = "> ";

export interface Keys {
  line(text: string): void;
  /** Something was typed; maybe a key that edits nothing. */
  key(name: string | undefined): void;
  /** Ctrl-C, or Ctrl-D on an empty line. */
  end(): void;
  /** Ctrl-Z. */
  suspend(): void;
}

/** A line that is typed, with the keys that Node's readline knows; somebody else shows it. */
export class LineEditor {
  readonly #interface: Interface;

  constructor(keys: Keys) {
    const nowhere = new Writable({ write: (_, __, done) => done() });
    this.#interface = createInterface({ input: process.stdin, output: nowhere, terminal: true });
    this.#interface.on("line", keys.line);
    this.#interface.on("SIGINT", keys.end);
    this.#interface.on("SIGTSTP", keys.suspend);
    this.#interface.on("close", keys.end);
    process.stdin.on("keypress", (_, key?: { readonly name?: string }) => keys.key(key?.name));
  }

  get text(): string {
    return this.#interface.line;
  }

  /** As much of the line as fits, around the cursor; and where that is. */
  view(width: number): { readonly shown: string; readonly column: number } {
    const { line, cursor } = this.#interface;
    const room = width - PROMPT.length - 1;
    // One for one: a cell that is not printable is shown as one that is.
    const characters = [...line.slice(0, cursor)].map(printableCell);
    while (stringWidth(characters.join("")) > room) characters.shift();
    const before = characters.join("");
    const column = PROMPT.length + stringWidth(before);
    let shown = PROMPT + before;
    for (const character of [...line.slice(cursor)].map(printableCell)) {
      if (stringWidth(shown + character) >= width) break;
      shown += character;
    }
    return { shown, column };
  }

  resume(): void {
    process.stdin.setRawMode(true);
    this.#interface.resume();
  }

  close(): void {
    this.#interface.removeAllListeners("close");
    this.#interface.close();
  }
}

function printableCell(character: string): string {
  return printable(character).replace(/[\u2066-\u2069]/g, "");
}
