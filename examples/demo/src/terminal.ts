import { styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "red" | "cyan" | "yellow";

/** Standard output, a terminal or not. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where there is no terminal, and so no width. */
const DEFAULT_WIDTH = 80;
/** In a narrower terminal, lines wrap wherever the terminal wraps them. */
const MIN_WIDTH = 36;

/** How to write for the reader: with colours on a terminal only, and in its width. */
export class Terminal {
  readonly #stream: Output;
  readonly #hasColours: boolean;

  constructor(stream: Output, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#hasColours = stream.isTTY === true && !env.NO_COLOR;
  }

  /** Cells of a line, as many as the terminal has now. */
  get width(): number {
    return Math.max(
      MIN_WIDTH,
      (this.#stream.isTTY === true && this.#stream.columns) || DEFAULT_WIDTH,
    );
  }

  paint(style: Style, text: string): string {
    return this.#hasColours ? styleText(style, text, { validateStream: false }) : text;
  }
}

const segmenter = new Intl.Segmenter();
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{20000}-\u{3fffd}]/u;
const WITHOUT_WIDTH = /^[\u2066-\u2069\p{Mn}]+$/u;

function cellsOfSegment(segment: string): number {
  return WIDE.test(segment) ? 2 : WITHOUT_WIDTH.test(segment) ? 0 : 1;
}

/** How many cells a terminal takes for a text. */
export function cellsOf(text: string): number {
  return [...segmenter.segment(text)].reduce(
    (sum, { segment }) => sum + cellsOfSegment(segment),
    0,
  );
}

/** A text on one line of at most so many cells, without what a terminal would obey. */
export function fitted(text: string, cells: number): string {
  const clean = text
    .slice(0, 4 * cells)
    .replace(/[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]/gu, "\u{b7}");
  if (clean.length === text.length && cellsOf(clean) <= cells) return isolated(clean);
  let shown = "";
  let used = 0;
  for (const { segment } of segmenter.segment(clean)) {
    used += cellsOfSegment(segment);
    if (used > cells - 1) break;
    shown += segment;
  }
  return isolated(`${shown}…`);
}

/** A text that runs from right to left must not turn the line that it is shown in. */
function isolated(text: string): string {
  return /\p{Script=Hebrew}|\p{Script=Arabic}/u.test(text) ? `\u2068${text}\u2069` : text;
}
