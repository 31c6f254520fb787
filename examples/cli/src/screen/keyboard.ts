import { emitKeypressEvents, type Key } from "node:readline";
import { type Motion, TextEditor } from "./text-editor.js";

/** Receives the keys that are pressed. */
export interface KeyHandler {
  /** Enter was pressed. */
  submit(text: string): void;
  /** Any other key was pressed. The text may have changed. */
  key(name: string | undefined): void;
  /** Ctrl-C was pressed, Ctrl-D on an empty text, or the input has ended. */
  end(): void;
  /** Ctrl-Z was pressed. */
  suspend(): void;
}

const MOVES: Readonly<Record<string, Motion>> = {
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

const REMOVALS: Readonly<Record<string, Motion>> = {
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

/** Edits a text with the keys typed on standard input. The keys are those of shells. It does not draw the text. */
export class Keyboard {
  readonly editor = new TextEditor();
  readonly #handler: KeyHandler;
  /** The parts of a paste received so far; undefined outside a paste. */
  #pasted: string[] | undefined;
  readonly #history: string[] = [];
  /** Index of the shown text in the history; the history's length if it is the draft. */
  #shown = 0;
  /** The text that was not sent yet, while a text of the history is shown. */
  #draft = "";

  constructor(handler: KeyHandler) {
    this.#handler = handler;
    const { stdin } = process;
    emitKeypressEvents(stdin);
    stdin.on("keypress", this.#press);
    stdin.on("end", handler.end);
    stdin.on("error", handler.end);
    this.resume();
  }

  resume(): void {
    process.stdin.setRawMode(true);
    process.stdin.resume();
  }

  close(): void {
    process.stdin.off("keypress", this.#press);
    process.stdin.off("end", this.#handler.end);
  }

  readonly #press = (character: string | undefined, key: Key): void => {
    const { sequence = "", ctrl = false, meta = false } = key;
    const base = NAMES[sequence] ?? key.name ?? "";
    const name = `${ctrl ? "ctrl-" : ""}${meta ? "meta-" : ""}${base}`;
    // Ctrl-C also works during a paste, because the end of the paste may have been lost.
    if (name === "ctrl-c") return this.#handler.end();
    // A paste may contain the sequence that begins a paste.
    if (base === "paste-start") this.#pasted ??= [];
    else if (base === "paste-end") this.#paste();
    else if (this.#pasted !== undefined) this.#pasted.push(character ?? "");
    else this.#act(name, character);
  };

  #act(name: string, character: string | undefined): void {
    const { editor } = this;
    const move = MOVES[name];
    const removal = REMOVALS[name];
    if (name === "ctrl-d" && editor.text === "") return this.#handler.end();
    if (name === "ctrl-z") return this.#handler.suspend();
    if (name === "return") return this.#submit();
    if (/^(meta-)?(enter|return|newline)$/.test(name)) editor.insert("\n");
    else if (move !== undefined) editor.move(move);
    else if (removal !== undefined) editor.remove(removal);
    else if (name === "ctrl-y") editor.restore();
    else if (name === "up" || name === "ctrl-p") this.#up();
    else if (name === "down" || name === "ctrl-n") this.#down();
    else if (character !== undefined && !/\p{Cc}/u.test(character)) editor.insert(character);
    this.#handler.key(name);
  }

  /** Inserts a paste as one text. Terminals send its line ends as carriage returns. */
  #paste(): void {
    const text = (this.#pasted ?? []).join("").replace(/\r\n?/g, "\n");
    this.#pasted = undefined;
    this.editor.insert(text.replace(/[^\P{Cc}\n\t]/gu, ""));
    this.#handler.key(undefined);
  }

  #submit(): void {
    const { text } = this.editor;
    this.editor.replace("");
    if (text !== "" && text !== this.#history.at(-1)) this.#history.push(text);
    this.#shown = this.#history.length;
    this.#draft = "";
    this.#handler.submit(text);
  }

  #up(): void {
    if (this.editor.isOnFirstLine) this.#show(this.#shown - 1);
    else this.editor.move("up");
  }

  #down(): void {
    if (this.editor.isOnLastLine) this.#show(this.#shown + 1);
    else this.editor.move("down");
  }

  /** Shows a text of the history, or the draft. */
  #show(at: number): void {
    if (at < 0 || at > this.#history.length) return;
    if (this.#shown === this.#history.length) this.#draft = this.editor.text;
    this.#shown = at;
    this.editor.replace(this.#history[at] ?? this.#draft);
  }
}
