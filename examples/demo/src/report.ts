import type { MessageRow } from "./database-rows.js";
import type { Outage } from "./outage.js";
import type { Outcome, SeenFrom } from "./perform.js";
import type { Place } from "./search.js";
import { holdsCiphertexts } from "./secrecy.js";
import { fitted, type Terminal } from "./terminal.js";
import { type Speaker, speakers } from "./transcript.js";

/** Of a long table, the first and the last rows are shown. */
const FIRST_ROWS = 24;
const LAST_ROWS = 4;
const MAX_PROBLEMS = 20;

export function report(outcome: Outcome, terminal: Terminal): string {
  const sections = [
    ...speakers.map((name) => whatOneSaw(name, outcome.seen[name], terminal)),
    whatTheServerHolds(outcome.rows, terminal),
    whatTheSearchFound(outcome, terminal),
    verdict(outcome, terminal),
  ];
  return `\n${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function whatOneSaw(name: Speaker, seen: SeenFrom, terminal: Terminal): string[] {
  const own = seen.sent.map((message) => ({
    ...message,
    from: name as string,
    tick: message.seq <= seen.readUpTo ? terminal.paint("cyan", "✓✓") : "✓ ",
  }));
  const others = seen.received.map((message) => ({ ...message, tick: "← " }));
  const rows = [...own, ...others]
    .sort((a, b) => a.seq - b.seq)
    .map(({ seq, from, tick, text }) => {
      const shown = fitted(text, terminal.width - 20) || terminal.paint("dim", "(empty)");
      return `  ${String(seq).padStart(5)}  ${tick} ${from.padEnd(6)} ${shown}`;
    });
  const legend = terminal.paint("dim", "(✓✓ sent and read, ✓ sent, ← received)");
  return [
    `${terminal.paint("bold", `What ${name} saw, ${seen.seat}`)}  ${legend}`,
    ...shortened(rows),
  ];
}

function whatTheServerHolds(rows: readonly MessageRow[], terminal: Terminal): string[] {
  const shown = rows.map(({ seq, sender, nonce, encrypted_content: content }) => {
    const bytes = String(content.length).padStart(7);
    const begin = Buffer.from(content.subarray(0, 16)).toString("hex");
    const nonceHex = Buffer.from(nonce).toString("hex");
    return `  ${String(seq).padStart(5)}  ${sender.padEnd(6)}  ${nonceHex}  ${bytes}  ${begin}…`;
  });
  return [
    terminal.paint("bold", "What the server's database holds of it"),
    terminal.paint("dim", `    seq  sender  ${"nonce".padEnd(24)}    bytes  content`),
    ...shortened(shown),
  ];
}

function whatTheSearchFound({ lines, rows, secrecy }: Outcome, terminal: Terminal): string[] {
  const { places, clientIdsFound, ciphertextsFound, leaks, framed } = secrecy;
  const row = (title: string, cellOf: (place: Place) => string) =>
    `  ${title.padEnd(28)}${places.map((place) => cellOf(place).padStart(16)).join("")}`;
  const leaksIn = (place: Place) =>
    new Set(leaks.filter((leak) => leak.place === place).map(({ needle }) => needle.of)).size;
  const bare = lines.length - framed.size;
  return [
    terminal.paint(
      "bold",
      "What a search finds in all of that, and in everything that crossed the wire",
    ),
    terminal.paint(
      "dim",
      row("", ({ name }) => name),
    ),
    terminal.paint("dim", row("", sizeOf)),
    row("client ids (to be found)", (place) => `${clientIdsFound.get(place)} of ${rows.length}`),
    row("ciphertexts (to be found)", (place) =>
      holdsCiphertexts(place) ? `${ciphertextsFound.get(place)} of ${rows.length}` : "–",
    ),
    row("lines of the transcript", (place) => `${leaksIn(place)} of ${lines.length}`),
    `  ${bare} lines were searched as UTF-8, UTF-16, JSON, URL, hex and base64; WebSocket frames were unmasked first.`,
    ...(framed.size > 0
      ? [
          `  ${framed.size} lines are too short or too common to be searched bare, and were searched as encoded bodies.`,
        ]
      : []),
  ];
}

function verdict({ lines, outages, problems }: Outcome, terminal: Terminal): string[] {
  if (problems.length === 0) {
    const message = `✓ ${lines.length} lines: none lost, doubled, out of order or unread, and none found where the server could read it.`;
    const survived = outages.map((outage) => `✓ ${whatHappened(outage)}, and nothing was lost.`);
    return [message, ...survived].map((line) => terminal.paint("green", line));
  }
  const more = problems.length - MAX_PROBLEMS;
  return [
    ...outages.map((outage) => `${whatHappened(outage)}.`),
    terminal.paint("red", `✗ ${problems.length} problems`),
    ...problems.slice(0, MAX_PROBLEMS).map((problem) => terminal.paint("red", `  ${problem}`)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function whatHappened({ what, afterLine, seconds, written }: Outage): string {
  const messages = written === 1 ? "1 message was" : `${written} messages were`;
  const time = seconds === undefined ? "and not back" : `for ${seconds.toFixed(1)} s`;
  return `${what} after line ${afterLine}, ${time}; ${messages} written meanwhile`;
}

function shortened(rows: readonly string[]): readonly string[] {
  const left = rows.length - FIRST_ROWS - LAST_ROWS;
  if (left <= 1) return rows;
  return [...rows.slice(0, FIRST_ROWS), `      … ${left} more …`, ...rows.slice(-LAST_ROWS)];
}

function sizeOf({ parts }: Place): string {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
