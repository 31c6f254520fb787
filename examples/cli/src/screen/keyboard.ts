import { emitKeypressEvents, type Key } from "node:readline";
import { type Place, TextEditor } from "./text-editor.js";

export interface Keys {
  /** Enter. */
  submit(text: string): void;
  /** Something was typed; maybe a key that edits nothing. */
  key(name: string | undefined): void;
  /** Ctrl-C, Ctrl-D on an empty text, or the end of the input. */
  end(): void;
  /** Ctrl-Z. */
  suspend(): void;
}

const MOVES: Readonly<Record<string, Place>> = {
  left: "left",
  right: "right",
  home: "line start",
  end: "line end",
  "ctrl-a": "line start",
  "ctrl-b": "left",
  "ctrl-e": "line end",
  "ctrl-f": "right",
  "ctrl-left": "word left",
  "ctrl-right": "word right",
  "meta-b": "word left",
  "meta-f": "word right",
  "meta-left": "word left",
  "meta-right": "word right",
};

const REMOVALS: Readonly<Record<string, Place>> = {
  backspace: "left",
  delete: "right",
  "ctrl-d": "right",
  "ctrl-h": "left",
  "ctrl-k": "line end",
  "ctrl-u": "line start",
  "ctrl-w": "word left",
  "meta-backspace": "word left",
  "meta-d": "word right",
  "meta-delete": "word right",
};

/** Sequences that terminals send for keys that Node's readline has no name for. */
const NAMES: Readonly<Record<string, string>> = {
  "\u001bOM": "return",
  "\u001b[13;2u": "newline",
  "\u001b[13;3u": "newline",
};

/** The text that is typed on standard input, with the keys that shells have. It is shown elsewhere. */
export class Keyboard {
  readonly editor = new TextEditor();
  readonly #keys: Keys;
  /** What is being pasted, as far as it has come. */
  #pasted: string[] | undefined;
  readonly #history: string[] = [];
  /** Which text of the history is shown; its length for the one being written. */
  #shown = 0;
  #written = "";

  constructor(keys: Keys) {
    this.#keys = keys;
    const { stdin } = process;
    emitKeypressEvents(stdin);
    stdin.on("keypress", this.#press);
    stdin.on("end", keys.end);
    stdin.on("error", keys.end);
    this.resume();
  }

  resume(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  close(): void {
    process.stdin.off("keypress", this.#press);
    process.stdin.off("end", this.#keys.end);
  }

  readonly #press = (character: string | undefined, key: Key): void => {
    const { sequence = "", ctrl = false, meta = false } = key;
    const base = NAMES[sequence] ?? key.name ?? "";
    const name = `${ctrl ? "ctrl-" : ""}${meta ? "meta-" : ""}${base}`;
    // Also while a paste has not come to its end, which may have been lost.
    if (name === "ctrl-c") return this.#keys.end();
    // A paste may have such a marker in it.
    if (base === "paste-start") this.#pasted ??= [];
    else if (base === "paste-end") this.#paste();
    else if (this.#pasted !== undefined) this.#pasted.push(character ?? "");
    else this.#act(name, character);
  };

  #act(name: string, character: string | undefined): void {
    const { editor } = this;
    const move = MOVES[name];
    const removal = REMOVALS[name];
    if (name === "ctrl-d" && editor.text === "") return this.#keys.end();
    if (name === "ctrl-z") return this.#keys.suspend();
    if (name === "return") return this.#submit();
    if (/^(meta-)?(enter|return|newline)$/.test(name)) editor.insert("\n");
    else if (move !== undefined) editor.move(move);
    else if (removal !== undefined) editor.remove(removal);
    else if (name === "ctrl-y") editor.restore();
    else if (name === "up" || name === "ctrl-p") this.#up();
    else if (name === "down" || name === "ctrl-n") this.#down();
    else if (character !== undefined && !/\p{Cc}/u.test(character)) editor.insert(character);
    this.#keys.key(name);
  }

  /** Inserts what was pasted as one text. A terminal sends its line ends as carriage returns. */
  #paste(): void {
    const text = (this.#pasted ?? []).join("").replace(/\r\n?/g, "\n");
    this.#pasted = undefined;
    this.editor.insert(text.replace(/[^\P{Cc}\n\t]/gu, ""));
    this.#keys.key(undefined);
  }

  #submit(): void {
    const { text } = this.editor;
    this.editor.replace("");
    if (text !== "" && text !== this.#history.at(-1)) this.#history.push(text);
    this.#shown = this.#history.length;
    this.#written = "";
    this.#keys.submit(text);
  }

  #up(): void {
    if (this.editor.isOnFirstLine) this.#show(this.#shown - 1);
    else this.editor.move("up");
  }

  #down(): void {
    if (this.editor.isOnLastLine) this.#show(this.#shown + 1);
    else this.editor.move("down");
  }

  /** Shows another text of the history, or the one being written. */
  #show(at: number): void {
    if (at < 0 || at > this.#history.length) return;
    if (this.#shown === this.#history.length) this.#written = this.editor.text;
    this.#shown = at;
    this.editor.replace(this.#history[at] ?? this.#written);
  }
}
