/** Control characters, and characters that change the direction of the text around them. */
const CONTROLS =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** The blocks whose characters run from right to left (Unicode Standard Annex #44, DerivedBidiClass). */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** Makes an untrusted text safe for one line of a terminal: replaces control characters, and isolates right-to-left text. */
export function printable(text: string): string {
  const clean = text.replace(/\t/g, "    ").replace(CONTROLS, "\u{fffd}");
  return RIGHT_TO_LEFT.test(clean) ? `\u2068${clean}\u2069` : clean;
}

/** Splits a text into lines, and applies `printable` to each. */
export function printableLines(text: string): string[] {
  return text.split("\n").map(printable);
}

/** Encodes a value as JSON on one line, with all control characters escaped. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
