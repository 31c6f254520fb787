import { cellsOf, fitted } from "./output-format.js";

/** Number of cells between two columns of a table. */
const GAP = 2;
const INDENT = 2;

/** Wraps a text at spaces into lines of at most `width` cells. All lines but the first are indented by two more cells. */
export function wrapped(text: string, width: number): string[] {
  const indent = /^ */.exec(text)![0];
  const hanging = `${indent}  `;
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(" ")) {
    const isFirst = line.trim() === "";
    if (!isFirst && cellsOf(line) + 1 + cellsOf(word) > width) {
      lines.push(line);
      line = `${hanging}${fitted(word, width - hanging.length)}`;
    } else {
      line += isFirst ? fitted(word, width - cellsOf(line)) : ` ${word}`;
    }
  }
  return [...lines, line];
}

/**
 * Lays out a table. The first column is aligned to the left and the others to the right. If the table is wider than `width`,
 * each row becomes a paragraph with one line per column, and the heading is undefined.
 */
export function table(heading: readonly string[], rows: readonly string[][], width: number) {
  const cells = [heading, ...rows];
  const widths = heading.map((_, at) => Math.max(...cells.map((row) => cellsOf(row[at]!))));
  const total = INDENT + widths.reduce((sum, one) => sum + one) + GAP * (widths.length - 1);
  if (total > width) {
    return {
      heading: undefined,
      rows: rows.flatMap(([first, ...others]) => [
        ...wrapped(`  ${first}`, width),
        ...others.flatMap((cell, at) => wrapped(`    ${heading[at + 1]}: ${cell}`, width)),
      ]),
    };
  }
  const lines = cells.map((row) => {
    const padded = row.map((cell, at) => {
      const space = " ".repeat(widths[at]! - cellsOf(cell));
      return at === 0 ? cell + space : space + cell;
    });
    return `${" ".repeat(INDENT)}${padded.join(" ".repeat(GAP))}`;
  });
  return { heading: lines[0], rows: lines.slice(1) };
}
