import type { ReceivedMessage, SentMessage } from "./actor.js";
import type { MessageRow } from "./database-rows.js";
import type { Evidence } from "./evidence.js";
import { problemsOfOutages } from "./outage.js";
import type { Place } from "./search.js";
import type { Count, SecrecyReport } from "./secrecy.js";
import { type Line, type Speaker, speakers } from "./transcript.js";

/** What one of them saw. */
export interface Seen {
  readonly sent: readonly SentMessage[];
  readonly received: readonly ReceivedMessage[];
  readonly readUpTo: number;
}

/** Everything that went wrong, in words. */
export function problemsOf(evidence: Evidence, secrecy: SecrecyReport): string[] {
  const { lines, seen, rows, outages, traffic, troubles } = evidence;
  return [
    ...troubles,
    ...speakers.flatMap((name) => problemsOfDelivery(name, lines, seen)),
    ...problemsOfRows(lines, rows),
    ...problemsOfSearch(secrecy),
    ...problemsOfOutages(outages, speakers.length, traffic),
  ];
}

function problemsOfDelivery(
  speaker: Speaker,
  lines: readonly Line[],
  seen: Readonly<Record<Speaker, Seen>>,
): string[] {
  const listener = speaker === "ana" ? "benito" : "ana";
  const said = lines.filter((line) => line.speaker === speaker).map(({ text }) => text);
  const { sent, readUpTo } = seen[speaker];
  const { received } = seen[listener];
  const seqs = [...sent, ...seen[speaker].received].map(({ seq }) => seq).sort((a, b) => a - b);
  const hasHoles = seqs.some((seq, at) => seq !== at + 1) || seqs.length !== lines.length;
  const unread = sent.filter(({ seq }) => seq > readUpTo);
  const strangers = received.filter(({ from }) => from !== speaker);
  return [
    ...differences(said, textsOf(sent), `that ${speaker} sent`),
    ...differences(said, textsOf(received), `that ${listener} received`),
    ...(hasHoles ? [`${speaker} did not see seq 1 to ${lines.length}, each once`] : []),
    ...strangers.map(({ seq }) => `${listener} was told that seq ${seq} is somebody else's`),
    ...unread.map(({ text }) => `unread by ${listener}: ${quoted(text)}`),
  ];
}

/** Lines lost, duplicated or out of order between what was said and what came of it. */
export function differences(
  said: readonly string[],
  seen: readonly string[],
  where: string,
): string[] {
  const balance = new Map<string, number>();
  for (const text of said) balance.set(text, (balance.get(text) ?? 0) + 1);
  for (const text of seen) balance.set(text, (balance.get(text) ?? 0) - 1);
  const unequal = [...balance].filter(([, count]) => count !== 0);
  if (unequal.length > 0) {
    return unequal.map(([text, count]) =>
      count > 0
        ? `lost ${count} × among the lines ${where}: ${quoted(text)}`
        : `${-count} × too often among the lines ${where}: ${quoted(text)}`,
    );
  }
  const at = said.findIndex((text, index) => text !== seen[index]);
  return at === -1 ? [] : [`out of order among the lines ${where}: ${quoted(seen[at]!)}`];
}

function problemsOfRows(lines: readonly Line[], rows: readonly MessageRow[]): string[] {
  const isOdd = ({ seq, sender }: MessageRow, at: number) =>
    seq !== at + 1 || sender !== lines[at]?.speaker;
  return [
    ...(rows.length === lines.length
      ? []
      : [`the database holds ${rows.length} messages of ${lines.length}`]),
    ...rows.filter(isOdd).map(({ seq }) => `the database's seq ${seq} is not where it belongs`),
  ];
}

function problemsOfSearch(secrecy: SecrecyReport): string[] {
  const leaks = [
    ...secrecy.leaks.map(({ needle, ...leak }) => ({
      ...leak,
      needle,
      what: `line ${needle.of + 1}`,
    })),
    ...secrecy.leakedSecrets.map((leak) => ({ ...leak, what: leak.secret.name })),
  ].map(
    ({ what, place, needle }) => `${what} was found in the ${place.name}, as ${needle.encoding}`,
  );
  return [
    ...notAllFound("client ids", secrecy.clientIds),
    ...notAllFound("ciphertexts", secrecy.ciphertexts),
    ...notAllFound("secrets that are sent", secrecy.secrets),
    ...new Set(leaks),
  ];
}

function notAllFound(what: string, counts: ReadonlyMap<Place, Count>): string[] {
  return [...counts]
    .filter(([, { found, expected }]) => found !== expected)
    .map(
      ([{ name }, { found, expected }]) =>
        `the search is broken: it finds ${found} of ${expected} ${what} in the ${name}`,
    );
}

function textsOf(messages: readonly { readonly text: string }[]): string[] {
  return messages.map(({ text }) => text);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
