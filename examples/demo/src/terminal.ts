import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "red" | "cyan" | "yellow";

/** How to write for whoever reads: with colours on a terminal alone, and in its width. */
export class Terminal {
  readonly width: number;
  readonly #hasColours: boolean;

  constructor(stream: NodeJS.WriteStream, env: NodeJS.ProcessEnv) {
    this.width = stream.isTTY ? stream.columns : 100;
    this.#hasColours = stream.isTTY === true && !env.NO_COLOR;
  }

  paint(style: Style, text: string): string {
    return this.#hasColours ? styleText(style, text, { validateStream: false }) : text;
  }
}

const segmenter = new Intl.Segmenter();
const WIDE =
  /\p{Emoji_Presentation}|\ufe0f|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{20000}-\u{3fffd}]/u;

/** A text on one line of at most so many cells, without what a terminal would obey. */
export function fitted(text: string, cells: number): string {
  const clean = text
    .slice(0, 4 * cells)
    .replace(/[\p{Cc}\p{Surrogate}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\ufeff]/gu, "\u{b7}");
  let shown = "";
  let used = 0;
  for (const { segment } of segmenter.segment(clean)) {
    used += WIDE.test(segment) ? 2 : 1;
    if (used > cells - 1) return isolated(`${shown}…`);
    shown += segment;
  }
  return isolated(shown);
}

/** A text that runs from right to left must not turn the line that it is shown in. */
function isolated(text: string): string {
  return /\p{Script=Hebrew}|\p{Script=Arabic}/u.test(text) ? `\u2068${text}\u2069` : text;
}
