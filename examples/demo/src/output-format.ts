import { styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "red" | "cyan" | "yellow";

/** Standard output, or a stand-in for it in tests. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Width in cells if the output is not a terminal. */
const DEFAULT_WIDTH = 80;
/** Minimum width in cells of the layout. A narrower terminal wraps the lines itself. */
const MIN_WIDTH = 36;

/** Formats text for an output: in colours if it is a terminal, and in its width. */
export class OutputFormat {
  readonly #stream: TextStream;
  readonly #hasColours: boolean;

  constructor(stream: TextStream, env: NodeJS.ProcessEnv) {
    this.#stream = stream;
    this.#hasColours = stream.isTTY === true && !env.NO_COLOR;
  }

  /** Current width of a line in cells. */
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

/** Returns the number of terminal cells that a text occupies. */
export function cellsOf(text: string): number {
  return [...segmenter.segment(text)].reduce(
    (sum, { segment }) => sum + cellsOfSegment(segment),
    0,
  );
}

/** Truncates a text to one line of at most `cells` cells. Replaces the control characters in it. */
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

/** Isolates right-to-left text, so that it does not change the order of the rest of the line. */
function isolated(text: string): string {
  return /\p{Script=Hebrew}|\p{Script=Arabic}/u.test(text) ? `\u2068${text}\u2069` : text;
}
