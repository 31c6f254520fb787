import type { MessageRow } from "./database-rows.js";
import type { Evidence, ParticipantRecord } from "./evidence.js";
import { table, wrapped } from "./layout.js";
import type { OutageRecord } from "./outage.js";
import { fitted, type OutputFormat, type Style } from "./output-format.js";
import type { Location } from "./search.js";
import type { Count, SecrecyReport } from "./secrecy.js";
import { type Speaker, speakers } from "./transcript.js";

/** Number of rows shown at the beginning and at the end of a long table. */
const FIRST_ROWS = 24;
const LAST_ROWS = 4;
const MAX_PROBLEMS = 20;
/** Width in cells of the columns before a line's text, and before a ciphertext. */
const BEFORE_TEXT = 20;
const BEFORE_CONTENT = 27;
/** Width in cells of a nonce in hex. */
const NONCE_CELLS = 24;

export interface Outcome {
  readonly evidence: Evidence;
  readonly secrecy: SecrecyReport;
  readonly problems: readonly string[];
}

/** Formats the result of a run, in lines of at most the terminal's width. */
export function report(outcome: Outcome, format: OutputFormat): string {
  const { evidence, secrecy } = outcome;
  const sections = [
    ...speakers.map((name) => messagesOf(name, evidence.participants[name], format)),
    storedMessages(evidence.rows, format),
    searchResults(evidence, secrecy, format),
    verdict(outcome, format),
  ];
  return `\n${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function messagesOf(name: Speaker, record: ParticipantRecord, format: OutputFormat): string[] {
  const own = record.sent.map((message) => ({
    ...message,
    from: name as string,
    tick: message.seq <= record.readUpTo ? format.paint("cyan", "✓✓") : "✓ ",
  }));
  const others = record.received.map((message) => ({ ...message, tick: "← " }));
  const rows = [...own, ...others]
    .sort((a, b) => a.seq - b.seq)
    .map(({ seq, from, tick, text }) => {
      const shown = fitted(text, format.width - BEFORE_TEXT) || format.paint("dim", "(empty)");
      return `  ${String(seq).padStart(5)}  ${tick} ${from.padEnd(6)}  ${shown}`;
    });
  return [
    ...painted("bold", `What ${name} sent and received (${record.client})`, format),
    ...painted("dim", "  ✓✓ sent and read, ✓ sent, ← received", format),
    ...shortened(rows),
  ];
}

function storedMessages(rows: readonly MessageRow[], format: OutputFormat): string[] {
  const forHex = format.width - BEFORE_CONTENT;
  // In a narrow terminal the nonce is left out.
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
    ...painted("bold", "What the server's database stores", format),
    format.paint("dim", line("seq", "sender", "bytes", "nonce", "content")),
    ...shortened(shown),
  ];
}

function searchResults(
  { lines }: Evidence,
  secrecy: SecrecyReport,
  format: OutputFormat,
): string[] {
  const { locations, clientIds, ciphertexts, secrets, bodyOnly } = secrecy;
  const inLocation = <T extends { readonly location: Location }>(
    findings: readonly T[],
    location: Location,
  ) => findings.filter((finding) => finding.location === location);
  const leaksIn = (location: Location) =>
    new Set(inLocation(secrecy.leaks, location).map(({ canary }) => canary.index)).size;
  const secretsIn = (location: Location) =>
    new Set(inLocation(secrecy.leakedSecrets, location).map(({ secret }) => secret)).size +
    (secrets.get(location)?.found ?? 0);
  const rows = locations.map((location) => [
    location.name,
    sizeOf(location),
    countOf(clientIds.get(location)),
    countOf(ciphertexts.get(location)),
    `${leaksIn(location)} of ${lines.length}`,
    String(secretsIn(location)),
  ]);
  const { heading, rows: shown } = table(
    ["", "size", "client ids", "ciphertexts", "lines", "secrets"],
    rows,
    format.width,
  );
  const alone = lines.length - bodyOnly.size;
  const notes = [
    "  Client ids and ciphertexts must be found, which shows that the search works. The secrets are the passphrase, the recovery keys and the group's name, which no client sends, and the password, which a login sends to the server.",
    `  ${alone} lines were searched as UTF-8, UTF-16, JSON, URL, hex and base64; WebSocket frames were unmasked first.`,
    ...(bodyOnly.size > 0
      ? [
          `  ${bodyOnly.size} lines are too short or too common to be searched alone, and were searched as encoded message bodies.`,
        ]
      : []),
    ...(secrecy.unlogged > 0
      ? [
          `  ${secrecy.unlogged} of the messages may be missing in the log: the server stored them, and may have been killed before it wrote the log.`,
        ]
      : []),
  ];
  const title = "What the search found in the database, the log and all traffic";
  return [
    ...painted("bold", title, format),
    ...(heading === undefined ? [] : [format.paint("dim", heading)]),
    ...shown,
    ...notes.flatMap((note) => wrapped(note, format.width)),
  ];
}

function verdict({ evidence, problems }: Outcome, format: OutputFormat): string[] {
  const { lines, outages } = evidence;
  if (problems.length === 0) {
    const message = `✓ ${lines.length} lines: none lost, duplicated, out of order or unread, and none found where the server could read it.`;
    const survived = outages.map((outage) => `✓ ${whatHappened(outage)}, and nothing was lost.`);
    const inGroup =
      evidence.group === undefined
        ? []
        : [
            `✓ ${evidence.group.lines.length} lines in a group, which MLS encrypts: none lost, duplicated or out of order, though benito's client was killed.`,
          ];
    return [message, ...inGroup, ...survived].flatMap((line) => painted("green", line, format));
  }
  const more = problems.length - MAX_PROBLEMS;
  return [
    ...outages.flatMap((outage) => wrapped(`${whatHappened(outage)}.`, format.width)),
    ...painted(
      "red",
      `✗ ${problems.length} ${problems.length === 1 ? "problem" : "problems"}`,
      format,
    ),
    ...problems
      .slice(0, MAX_PROBLEMS)
      .flatMap((problem) => painted("red", `  ${problem.replace(/\s+/g, " ")}`, format)),
    ...(more > 0 ? [`  … and ${more} more`] : []),
  ];
}

function whatHappened({ what, afterLine, seconds, written }: OutageRecord): string {
  const messages = written === 1 ? "1 message was" : `${written} messages were`;
  const time =
    seconds === undefined ? "and was not reachable again" : `for ${seconds.toFixed(1)} s`;
  return `${what} after line ${afterLine}, ${time}; ${messages} written meanwhile`;
}

function painted(style: Style, text: string, format: OutputFormat): string[] {
  return wrapped(text, format.width).map((line) => format.paint(style, line));
}

function shortened(rows: readonly string[]): readonly string[] {
  const left = rows.length - FIRST_ROWS - LAST_ROWS;
  if (left <= 1) return rows;
  return [...rows.slice(0, FIRST_ROWS), `      … ${left} more …`, ...rows.slice(-LAST_ROWS)];
}

function countOf(count: Count | undefined): string {
  return count === undefined ? "–" : `${count.found} of ${count.expected}`;
}

function sizeOf({ parts }: Location): string {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return bytes < 1_000_000
    ? `${Math.ceil(bytes / 1000)} kB`
    : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
