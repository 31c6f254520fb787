import stringWidth from "string-width";
import wrap from "wrap-ansi";
import { charactersOf } from "./text-editor.js";

/** Breaks a text into lines, none wider than `width` cells, which is 1 or more. */
export function wrapped(text: string, width: number, { wordWrap = true } = {}): string[] {
  return wrap(narrowed(text, width), width, { hard: true, trim: false, wordWrap }).split("\n");
}

/** Cuts a text, and fills it up, to one line of exactly `width` cells. */
export function fitted(text: string, width: number): string {
  const [first = ""] = wrapped(text, width, { wordWrap: false });
  return first + " ".repeat(Math.max(0, width - stringWidth(first)));
}

/** Shows characters that are wider than the whole line as others. */
function narrowed(text: string, width: number): string {
  if (width > 1) return text;
  return [...charactersOf(text)]
    .map((character) => (stringWidth(character) > width ? "\u{fffd}" : character))
    .join("");
}
