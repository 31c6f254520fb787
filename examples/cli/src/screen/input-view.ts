import stringWidth from "string-width";
import { printable } from "../printable.js";
import { charactersOf } from "./text-editor.js";

const PROMPT = "> ";
/** The narrowest terminal with room for a prompt. */
const WITH_PROMPT = 8;

export interface InputView {
  /** At least one row, none wider than the terminal. */
  readonly rows: readonly string[];
  /** Where the cursor is, counted from 0. */
  readonly row: number;
  readonly column: number;
}

/** Lays out a text that is being written in at most `height` rows of `width` cells around the cursor; both are 1 or more. */
export function viewInput(
  { text, cursor }: { readonly text: string; readonly cursor: number },
  { width, height }: { readonly width: number; readonly height: number },
): InputView {
  const prompt = width >= WITH_PROMPT ? PROMPT : "";
  const indent = " ".repeat(prompt.length);
  // The cursor stands after the last character, and needs a cell too.
  const room = Math.max(1, width - prompt.length - 1);
  const rows = [""];
  let used = 0;
  const start = startFor(text, cursor, { room, reach: 4 * width * height });
  let index = start;
  let place = { row: 0, column: 0 };
  for (const character of charactersOf(text.slice(start, cursor + width * height))) {
    if (index <= cursor) place = { row: rows.length - 1, column: used };
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
      if (index - character.length <= cursor) place = { row: rows.length - 1, column: 0 };
    }
    rows[rows.length - 1] += cell.text;
    used += cell.width;
  }
  if (index <= cursor) place = { row: rows.length - 1, column: used };
  const from = Math.max(0, Math.min(place.row, rows.length - height));
  const shown = rows.slice(from, from + height);
  return {
    rows: shown.map((row, at) => (start + from + at === 0 ? prompt : indent) + row),
    row: place.row - from,
    column: Math.min(width - 1, prompt.length + place.column),
  };
}

/**
 * Where to begin to lay out a text: its start; in a long text the start of a line, or a whole number of rows, at about
 * `reach` before the cursor. So the time for a key does not grow with the text.
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

/** A character as it is shown. One that a terminal would obey, or that is too wide, is shown as another. */
function cellOf(character: string, room: number): { text: string; width: number } {
  if (/^[ -~]$/.test(character)) return { text: character, width: 1 };
  if (character === "\t") return { text: " ", width: 1 };
  const text = printable(character).replace(/[\u2066-\u2069]/g, "");
  const width = stringWidth(text);
  return width > room ? { text: "\u{fffd}", width: 1 } : { text, width };
}
