import stringWidth from "string-width";
import { printable } from "../printable.js";
import { charactersOf } from "./text-editor.js";

const PROMPT = "> ";
/** Minimum width of a terminal that shows a prompt, in cells. */
const MIN_WIDTH_WITH_PROMPT = 8;

export interface InputView {
  /** At least one row, none wider than the terminal. */
  readonly rows: readonly string[];
  /** Row of the cursor, from 0. */
  readonly row: number;
  /** Column of the cursor, from 0. */
  readonly column: number;
}

/** Lays out the part of a text around the cursor in at most `height` rows of `width` cells. Both must be at least 1. */
export function viewInput(
  { text, cursor }: { readonly text: string; readonly cursor: number },
  { width, height }: { readonly width: number; readonly height: number },
): InputView {
  const prompt = width >= MIN_WIDTH_WITH_PROMPT ? PROMPT : "";
  const indent = " ".repeat(prompt.length);
  // The cursor can be after the last character of a row, so it needs one more cell.
  const room = Math.max(1, width - prompt.length - 1);
  const rows = [""];
  let used = 0;
  const start = startFor(text, cursor, { room, reach: 4 * width * height });
  let index = start;
  let position = { row: 0, column: 0 };
  for (const character of charactersOf(text.slice(start, cursor + width * height))) {
    if (index <= cursor) position = { row: rows.length - 1, column: used };
    index += character.length;
    if (character === "\n") {
      rows.push("");
      used = 0;
      continue;
    }
    const cell = cellOf(character, room);
    if (used + cell.width > room) {
      rows.push("");
      used = 0;
      if (index - character.length <= cursor) position = { row: rows.length - 1, column: 0 };
    }
    rows[rows.length - 1] += cell.text;
    used += cell.width;
  }
  if (index <= cursor) position = { row: rows.length - 1, column: used };
  const from = Math.max(0, Math.min(position.row, rows.length - height));
  const shown = rows.slice(from, from + height);
  return {
    rows: shown.map((row, at) => (start + from + at === 0 ? prompt : indent) + row),
    row: position.row - from,
    column: Math.min(width - 1, prompt.length + position.column),
  };
}

/**
 * Returns the index at which the layout begins, so that its time does not depend on the length of the text. It is 0, or about
 * `reach` before the cursor: at the start of a line, or at a multiple of the row length.
 */
function startFor(
  text: string,
  cursor: number,
  { room, reach }: { readonly room: number; readonly reach: number },
): number {
  if (cursor <= reach) return 0;
  const near = cursor - reach;
  const line = text.indexOf("\n", near) + 1;
  if (line > 0 && line < cursor - reach / 2) return line;
  const start = near - (near % room);
  return /[\udc00-\udfff]/.test(text.charAt(start)) ? start - 1 : start;
}

/** Returns a character as it is shown, and its width. Replaces control characters and characters that are too wide. */
function cellOf(character: string, room: number): { text: string; width: number } {
  if (/^[ -~]$/.test(character)) return { text: character, width: 1 };
  if (character === "\t") return { text: " ", width: 1 };
  const text = printable(character).replace(/[\u2066-\u2069]/g, "");
  const width = stringWidth(text);
  return width > room ? { text: "\u{fffd}", width: 1 } : { text, width };
}
