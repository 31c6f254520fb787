import type { Comparison, Standing } from "./compare.js";
import type { HostileResult } from "./hostile.js";
import { median, ratio } from "./measure.js";
import type { Report } from "./report.js";

const WHAT = {
  signing: ["ChatMessage", "sign", "verify"],
  encrypting: ["letter", "encrypt + sign", "verify + decrypt"],
} as const;

/** Formats a report as Markdown. */
export function tablesOf({ runtime, comparisons, pbkdf2, hostile }: Report): string {
  return [
    `## ${runtime}`,
    ...comparisons.map(comparisonTable),
    [
      `PBKDF2, ${pbkdf2.iterations.toLocaleString("en")} iterations: ${pbkdf2.milliseconds.toFixed(0)} ms,`,
      `×${pbkdf2.ratio.toFixed(2)} of WebCrypto alone; longest pause of the event loop ${pbkdf2.longestPause.toFixed(0)} ms`,
      `(${pbkdf2.longestIdlePause.toFixed(0)} ms when idle).`,
    ].join(" "),
    ...(hostile ? [hostileTable(hostile)] : []),
  ].join("\n\n");
}

function comparisonTable({ kind, size, standings, absent }: Comparison): string {
  const [what, write, read] = WHAT[kind];
  const base = standings[0]!;
  const rows = standings.map((standing) => [
    standing.name,
    `${standing.bytes.toLocaleString("en")} B`,
    ...both("write", standing, base),
    ...both("read", standing, base),
  ]);
  const heads = [
    `${what}, ${size.toLocaleString("en")} B`,
    "packet",
    `${write}, µs`,
    "×",
    `${read}, µs`,
    "×",
  ];
  const notes = absent.map((one) => `Not measured here: ${one}.`);
  return [table(heads, rows), `× is the ratio to ${base.name}.`, ...notes].join("\n");
}

function both(operation: "write" | "read", standing: Standing, base: Standing): string[] {
  const times = standing[operation];
  return [median(times).toFixed(1), ratio(times, base[operation]).toFixed(2)];
}

function hostileTable(results: readonly HostileResult[]): string {
  const rows = results.map(({ name, milliseconds, megabytes, outcome }) => [
    name,
    `${milliseconds.toFixed(2)}`,
    `${megabytes.toFixed(2)}`,
    outcome,
  ]);
  return table(["frame of 64 KiB", "ms", "maximum MB", "outcome"], rows);
}

function table(heads: string[], rows: string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const aligned = heads.map((_, column) => (column === 0 ? "---" : "--:"));
  return [heads, aligned, ...rows].map(line).join("\n");
}
