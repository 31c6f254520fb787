const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const WORD_BEFORE = /[\p{L}\p{M}\p{N}_]+[^\p{L}\p{M}\p{N}_]*$|[^\p{L}\p{M}\p{N}_]+$/u;
const WORD_AFTER = /^[^\p{L}\p{M}\p{N}_]*[\p{L}\p{M}\p{N}_]*/u;

/** A target of the cursor, relative to its position. */
export type Motion =
  | "left"
  | "right"
  | "word left"
  | "word right"
  | "line start"
  | "line end"
  | "up"
  | "down";

/** Edits a text of one or more lines with a cursor. */
export class TextEditor {
  #text = "";
  #cursor = 0;
  #removed = "";

  get text(): string {
    return this.#text;
  }

  /** Index of the cursor in the text, in UTF-16 code units. */
  get cursor(): number {
    return this.#cursor;
  }

  get isOnFirstLine(): boolean {
    return this.#lineStart === 0;
  }

  get isOnLastLine(): boolean {
    return this.#lineEnd === this.#text.length;
  }

  /** Replaces the whole text, and moves the cursor to its end. */
  replace(text: string): void {
    this.#text = text;
    this.#cursor = text.length;
  }

  insert(text: string): void {
    const after = this.#text.slice(this.#cursor);
    this.#text = this.#text.slice(0, this.#cursor) + text + after;
    this.#cursor += text.length;
  }

  move(motion: Motion): void {
    this.#cursor = this.#indexOf(motion);
  }

  /** Removes the text between the cursor and the target of a motion. Keeps it for `restore`, unless it is one character. */
  remove(motion: Motion): void {
    const [from, to] = [this.#cursor, this.#indexOf(motion)].sort((one, other) => one - other);
    if (motion !== "left" && motion !== "right") this.#removed = this.#text.slice(from, to);
    this.#text = this.#text.slice(0, from) + this.#text.slice(to);
    this.#cursor = from!;
  }

  /** Inserts the text that `remove` has kept last. */
  restore(): void {
    this.insert(this.#removed);
  }

  get #lineStart(): number {
    return this.#text.lastIndexOf("\n", this.#cursor - 1) + 1;
  }

  get #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#cursor);
    return end === -1 ? this.#text.length : end;
  }

  #indexOf(motion: Motion): number {
    const [cursor, start, end] = [this.#cursor, this.#lineStart, this.#lineEnd];
    const before = this.#text.slice(start, cursor);
    const after = this.#text.slice(cursor, end);
    switch (motion) {
      case "left":
        return before === "" ? Math.max(0, cursor - 1) : cursor - lastOf(before).length;
      case "right":
        if (after === "") return Math.min(this.#text.length, cursor + 1);
        return cursor + firstOf(after).length;
      case "word left":
        if (before === "") return Math.max(0, cursor - 1);
        return cursor - WORD_BEFORE.exec(before)![0].length;
      case "word right":
        if (after === "") return Math.min(this.#text.length, cursor + 1);
        return cursor + WORD_AFTER.exec(after)![0].length;
      case "line start":
        return start;
      case "line end":
        return end;
      case "up":
        return start === 0 ? 0 : this.#sameColumn(this.#text.lastIndexOf("\n", start - 2) + 1);
      case "down":
        return end === this.#text.length ? end : this.#sameColumn(end + 1);
    }
  }

  /** Returns the index in the line at `start` that has as many characters before it in its line as the cursor has. */
  #sameColumn(start: number): number {
    const column = [...graphemes.segment(this.#text.slice(this.#lineStart, this.#cursor))].length;
    const [line = ""] = this.#text.slice(start).split("\n", 1);
    const before = [...graphemes.segment(line)].slice(0, column);
    return start + before.reduce((length, { segment }) => length + segment.length, 0);
  }
}

/** Yields the characters of a text as a reader counts them (grapheme clusters). */
export function* charactersOf(text: string): Generator<string> {
  for (const { segment } of graphemes.segment(text)) yield segment;
}

function firstOf(text: string): string {
  return graphemes.segment(text).containing(0)!.segment;
}

function lastOf(text: string): string {
  return graphemes.segment(text).containing(text.length - 1)!.segment;
}
