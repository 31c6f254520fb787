/** What a terminal would obey, or what turns the direction of the text around it. */
const COMMANDS =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Surrogate}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
/** The blocks whose characters run from right to left (Unicode Standard Annex #44, DerivedBidiClass). */
const RIGHT_TO_LEFT =
  /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** A text from outside on one line, without what a terminal would obey. */
export function printable(text: string): string {
  const clean = text.replace(/\t/g, "    ").replace(COMMANDS, "\u{fffd}");
  // One that runs from right to left must not turn the line that it stands in.
  return RIGHT_TO_LEFT.test(clean) ? `\u2068${clean}\u2069` : clean;
}

/** The same for each line of a text. */
export function printableLines(text: string): string[] {
  return text.split("\n").map(printable);
}

/** JSON on one line, which says the same with nothing in it that a terminal would obey. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value).replace(
    COMMANDS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
