import type { MessageRow } from "./database-rows.js";
import type { Evidence, SeenFrom } from "./evidence.js";
import { table, wrapped } from "./layout.js";
import type { OutageRecord } from "./outage.js";
import type { Place } from "./search.js";
import type { Count, SecrecyReport } from "./secrecy.js";
import { fitted, type Style, type Terminal } from "./terminal.js";
import { type Speaker, speakers } from "./transcript.js";

/** Of a long table, the first and the last rows are shown. */
const FIRST_ROWS = 24;
const LAST_ROWS = 4;
const MAX_PROBLEMS = 20;
/** Cells before a line's text, and those before a ciphertext. */
const BEFORE_TEXT = 20;
const BEFORE_CONTENT = 27;
const NONCE_CELLS = 24;

export interface Outcome {
  readonly evidence: Evidence;
  readonly secrecy: SecrecyReport;
  readonly problems: readonly string[];
}

/** What the demo writes at its end, in lines of at most the terminal's width. */
export function report(outcome: Outcome, terminal: Terminal): string {
  const { evidence, secrecy } = outcome;
  const sections = [
    ...speakers.map((name) => whatOneSaw(name, evidence.seen[name], terminal)),
    whatTheServerHolds(evidence.rows, terminal),
    whatTheSearchFound(evidence, secrecy, terminal),
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
      const shown = fitted(text, terminal.width - BEFORE_TEXT) || terminal.paint("dim", "(empty)");
      return `  ${String(seq).padStart(5)}  ${tick} ${from.padEnd(6)}  ${shown}`;
    });
  return [
    ...painted("bold", `What ${name} saw, ${seen.seat}`, terminal),
    ...painted("dim", "  ✓✓ sent and read, ✓ sent, ← received", terminal),
    ...shortened(rows),
  ];
}

function whatTheServerHolds(rows: readonly MessageRow[], terminal: Terminal): string[] {
  const forHex = terminal.width - BEFORE_CONTENT;
  // A narrow terminal has room for the content only.
  const hasNonce = forHex >= 2 * NONCE_CELLS;
  const nonceCells = hasNonce ? NONCE_CELLS + 2 : 0;
  const digits = 2 * Math.floor(Math.max(4, Math.min(33, forHex - nonceCells) - 1) / 2);
  const line = (seq: string, sender: string, bytes: string, nonce: string, content: string) =>
    `  ${seq.padStart(5)}  ${sender.padEnd(6)}  ${bytes.padStart(7)}  ${hasNonce ? `${nonce.padEnd(NONCE_CELLS)}  ` : ""}${content}`;
  const shown = rows.map(({ seq, sender, nonce, encrypted_content: content }) =>
    line(
      String(seq),
      sender,
      String(content.length),
      Buffer.from(nonce).toString("hex"),
      `${Buffer.from(content).toString("hex", 0, digits / 2)}…`,
    ),
  );
  return [
    ...painted("bold", "What the server's database holds of it", terminal),
    terminal.paint("dim", line("seq", "sender", "bytes", "nonce", "content")),
    ...shortened(shown),
  ];
}

function whatTheSearchFound(
  { lines }: Evidence,
  secrecy: SecrecyReport,
  terminal: Terminal,
): string[] {
  const { places, clientIds, ciphertexts, secrets, leaks, leakedSecrets, framed } = secrecy;
  const leaksIn = (place: Place) =>
    new Set(leaks.filter((leak) => leak.place === place).map(({ needle }) => needle.of)).size;
  const secretsIn = (place: Place) =>
    new Set(leakedSecrets.filter((leak) => leak.place === place).map(({ secret }) => secret)).size +
    (secrets.get(place)?.found ?? 0);
  const rows = places.map((place) => [
    place.name,
    sizeOf(place),
    countOf(clientIds.get(place)),
    countOf(ciphertexts.get(place)),
    `${leaksIn(place)} of ${lines.length}`,
    String(secretsIn(place)),
  ]);
  const { heading, rows: shown } = table(
    ["", "size", "client ids", "ciphertexts", "lines", "secrets"],
    rows,
    terminal.width,
  );
  const bare = lines.length - framed.size;
  const notes = [
    "  Client ids and ciphertexts must be found, which shows that the search works. The secrets are the passphrase, which is sent to nobody, and the password, which a login sends to the server.",
    `  ${bare} lines were searched as UTF-8, UTF-16, JSON, URL, hex and base64; WebSocket frames were unmasked first.`,
    ...(framed.size > 0
      ? [
          `  ${framed.size} lines are too short or too common to be searched bare, and were searched as encoded bodies.`,
        ]
      : []),
    ...(secrecy.unlogged > 0
      ? [
          `  ${secrecy.unlogged} of the messages were stored when the server was killed and could not write its log any more, so the log need not name them.`,
        ]
      : []),
  ];
  const title = "What a search finds in all of that, and in everything that crossed the wire";
  return [
    ...painted("bold", title, terminal),
    ...(heading === undefined ? [] : [terminal.paint("dim", heading)]),
    ...shown,
    ...notes.flatMap((note) => wrapped(note, terminal.width)),
  ];
}

function verdict({ evidence, problems }: Outcome, terminal: Terminal): string[] {
  const { lines, outages } = evidence;
  if (problems.length === 0) {
    const message = `✓ ${lines.length} lines: none lost, doubled, out of order or unread, and none found where the server could read it.`;
    const survived = outages.map((outage) => `✓ ${whatHappened(outage)}, and nothing was lost.`);
    return [message, ...survived].flatMap((line) => painted("green", line, terminal));
  }
  const more = problems.length - MAX_PROBLEMS;
  return [
    ...outages.flatMap((outage) => wrapped(`${whatHappened(outage)}.`, terminal.width)),
    ...painted(
      "red",
      `✗ ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
      terminal,
    ),
    ...problems
      .slice(0, MAX_PROBLEMS)
      .flatMap((problem) => painted("red", `  ${problem.replace(/\s+/g, " ")}`, terminal)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function whatHappened({ what, afterLine, seconds, written }: OutageRecord): string {
  const messages = written === 1 ? "1 message was" : `${written} messages were`;
  const time = seconds === undefined ? "and not back" : `for ${seconds.toFixed(1)} s`;
  return `${what} after line ${afterLine}, ${time}; ${messages} written meanwhile`;
}

function painted(style: Style, text: string, terminal: Terminal): string[] {
  return wrapped(text, terminal.width).map((line) => terminal.paint(style, line));
}

function shortened(rows: readonly string[]): readonly string[] {
  const left = rows.length - FIRST_ROWS - LAST_ROWS;
  if (left <= 1) return rows;
  return [...rows.slice(0, FIRST_ROWS), `      … ${left} more …`, ...rows.slice(-LAST_ROWS)];
}

function countOf(count: Count | undefined): string {
  return count === undefined ? "–" : `${count.found} of ${count.expected}`;
}

function sizeOf({ parts }: Place): string {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
