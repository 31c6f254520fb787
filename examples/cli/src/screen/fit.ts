import stringWidth from "string-width";
import wrap from "wrap-ansi";
import { charactersOf } from "./text-editor.js";

/** Wraps a text into lines of at most `width` cells. `width` must be at least 1. */
export function wrapped(text: string, width: number, { wordWrap = true } = {}): string[] {
  return wrap(narrowed(text, width), width, { hard: true, trim: false, wordWrap }).split("\n");
}

/** Truncates or pads a text to one line of exactly `width` cells. */
export function fitted(text: string, width: number): string {
  const [first = ""] = wrapped(text, width, { wordWrap: false });
  return first + " ".repeat(Math.max(0, width - stringWidth(first)));
}

/** Replaces characters that are wider than a whole line. */
function narrowed(text: string, width: number): string {
  if (width > 1) return text;
  return [...charactersOf(text)]
    .map((character) => (stringWidth(character) > width ? "\u{fffd}" : character))
    .join("");
}
