import stringWidth from "string-width";

const CELL = { width: 8.4, height: 18 };
const MARGIN = 14;
const BAR = 30;
const COLOURS = { text: "#d8dee9", back: "#20242c", bar: "#2c313c" };
const PALETTE = [
  "#4c566a",
  "#d06c75",
  "#98c379",
  "#d9b46a",
  "#61a0e0",
  "#c27bd4",
  "#56b6c2",
  "#d8dee9",
];

interface Style {
  readonly colour: string;
  readonly isDim: boolean;
  readonly isInverse: boolean;
}

const PLAIN: Style = { colour: COLOURS.text, isDim: false, isInverse: false };

/** Draws the content of a terminal, with escape sequences for its colours, as an SVG. */
export function svgOf(
  screen: string,
  { width, height }: { readonly width: number; readonly height: number },
  title: string,
): string {
  const [w, h] = [width * CELL.width + 2 * MARGIN, height * CELL.height + BAR + 2 * MARGIN];
  const rows = piecesOf(screen).filter(({ row }) => row < height);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="${escaped(title)}">
<style>text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; }</style>
<rect width="${w}" height="${h}" rx="8" fill="${COLOURS.back}"/>
<path d="M0 ${BAR}V8a8 8 0 0 1 8-8h${w - 16}a8 8 0 0 1 8 8v${BAR - 8}z" fill="${COLOURS.bar}"/>
<text x="${w / 2}" y="20" text-anchor="middle" fill="${COLOURS.text}">${escaped(title)}</text>
${rows.flatMap(drawn).join("\n")}
</svg>
`;
}

/** A text of one style, and the cell where it begins. */
interface Piece {
  readonly row: number;
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

/** Splits the content into texts of one style. A style applies until the next escape sequence, also across rows. */
function piecesOf(screen: string): Piece[] {
  const pieces: Piece[] = [];
  let style = PLAIN;
  for (const [row, line] of screen.split("\n").entries()) {
    let column = 0;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the expression matches escape sequences
    for (const [, codes, text = ""] of line.matchAll(/\u001b\[([\d;]*)m|([^\u001b]+)/g)) {
      if (codes !== undefined) {
        style = codes.split(";").reduce(changed, style);
      } else {
        pieces.push({ row, column, text, style });
        column += stringWidth(text);
      }
    }
  }
  return pieces;
}

/** Draws each word at its cell and in the width of its cells, so that the layout does not depend on the font. */
function drawn({ row, column, text, style }: Piece): string[] {
  const { colour, isDim, isInverse } = style;
  const top = BAR + MARGIN + row * CELL.height;
  const left = (cells: number) => (MARGIN + (column + cells) * CELL.width).toFixed(1);
  const width = (some: string) => (stringWidth(some) * CELL.width).toFixed(1);
  const fill = `fill="${isInverse ? COLOURS.back : colour}"${isDim ? ' opacity=".6"' : ""}`;
  const words = [...text.matchAll(/\S+/g)].map((word) => {
    const x = left(stringWidth(text.slice(0, word.index)));
    const length = width(word[0]);
    return `<text x="${x}" y="${top + 13}" ${fill} textLength="${length}">${escaped(word[0])}</text>`;
  });
  if (!isInverse) return words;
  const box = `<rect x="${left(0)}" y="${top}" width="${width(text)}" height="${CELL.height}" fill="${colour}"/>`;
  return [box, ...words];
}

function changed(style: Style, code: string): Style {
  const number = Number(code);
  if (number === 0) return PLAIN;
  if (number === 2) return { ...style, isDim: true };
  if (number === 22) return { ...style, isDim: false };
  if (number === 7) return { ...style, isInverse: true };
  if (number === 27) return { ...style, isInverse: false };
  if (number === 39) return { ...style, colour: COLOURS.text };
  const colour = PALETTE[number - 30];
  return colour === undefined ? style : { ...style, colour };
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
