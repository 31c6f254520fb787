import type { MessageRow } from "./database-rows.js";
import type { Evidence, ParticipantRecord } from "./evidence.js";
import type { GroupRecord } from "./group-exchange.js";
import { problemsOfOutages } from "./outage.js";
import type { Location } from "./search.js";
import type { Count, SecrecyReport } from "./secrecy.js";
import { type Line, type Speaker, speakers } from "./transcript.js";

/** Returns a sentence for each problem in a run: errors, lost or disordered messages, and leaks. */
export function problemsOf(evidence: Evidence, secrecy: SecrecyReport): string[] {
  const { lines, participants, rows, outages, traffic, failures } = evidence;
  return [
    ...failures,
    ...speakers.flatMap((name) => problemsOfDelivery(name, lines, participants)),
    ...problemsOfRows(lines, rows),
    ...problemsOfGroup(evidence.group),
    ...problemsOfSearch(secrecy),
    ...problemsOfOutages(
      outages,
      speakers.length,
      traffic.slice(0, evidence.group?.connectionsBefore),
    ),
  ];
}

function problemsOfDelivery(
  speaker: Speaker,
  lines: readonly Line[],
  participants: Readonly<Record<Speaker, ParticipantRecord>>,
): string[] {
  const receiver = speaker === "ana" ? "benito" : "ana";
  const expected = lines.filter((line) => line.speaker === speaker).map(({ text }) => text);
  const own = participants[speaker];
  const { received } = participants[receiver];
  const seqs = [...own.sent, ...own.received].map(({ seq }) => seq).sort((a, b) => a - b);
  const isComplete = seqs.length === lines.length && seqs.every((seq, at) => seq === at + 1);
  const unread = own.sent.filter(({ seq }) => seq > own.readUpTo);
  const misattributed = received.filter(({ from }) => from !== speaker);
  return [
    ...differences(expected, textsOf(own.sent), `that ${speaker} sent`),
    ...differences(expected, textsOf(received), `that ${receiver} received`),
    ...(isComplete ? [] : [`${speaker} did not see seq 1 to ${lines.length}, each once`]),
    ...misattributed.map(
      ({ seq, from }) => `${receiver} received seq ${seq} from ${from} instead of ${speaker}`,
    ),
    ...unread.map(({ text }) => `unread by ${receiver}: ${quoted(text)}`),
  ];
}

/** Returns a sentence for each line that was lost or duplicated, or if none was, for the first line that is out of order. */
export function differences(
  expected: readonly string[],
  actual: readonly string[],
  where: string,
): string[] {
  const balance = new Map<string, number>();
  for (const text of expected) balance.set(text, (balance.get(text) ?? 0) + 1);
  for (const text of actual) balance.set(text, (balance.get(text) ?? 0) - 1);
  const unequal = [...balance].filter(([, count]) => count !== 0);
  if (unequal.length > 0) {
    return unequal.map(([text, count]) =>
      count > 0
        ? `lost ${count} × among the lines ${where}: ${quoted(text)}`
        : `${-count} × too often among the lines ${where}: ${quoted(text)}`,
    );
  }
  const at = expected.findIndex((text, index) => text !== actual[index]);
  return at === -1 ? [] : [`out of order among the lines ${where}: ${quoted(actual[at]!)}`];
}

function problemsOfGroup(group: GroupRecord | undefined): string[] {
  if (group === undefined) return [];
  const textsBy = (speaker: Speaker) =>
    group.lines.filter((line) => line.speaker === speaker).map(({ text }) => text);
  return [
    ...differences(textsBy("ana"), group.received.benito, "that benito received in the group"),
    ...differences(textsBy("benito"), group.received.ana, "that ana received in the group"),
  ];
}

function problemsOfRows(lines: readonly Line[], rows: readonly MessageRow[]): string[] {
  const isWrong = ({ seq, sender }: MessageRow, at: number) =>
    seq !== at + 1 || sender !== lines[at]?.speaker;
  return [
    ...(rows.length === lines.length
      ? []
      : [`the database holds ${rows.length} messages of ${lines.length}`]),
    ...rows
      .filter(isWrong)
      .map(
        ({ seq }) => `the database has seq ${seq} at the wrong position or from the wrong sender`,
      ),
  ];
}

function problemsOfSearch(secrecy: SecrecyReport): string[] {
  const leaks = [
    ...secrecy.leaks.map(({ canary, ...leak }) => ({
      ...leak,
      canary,
      what: `line ${canary.index + 1}`,
    })),
    ...secrecy.leakedSecrets.map((leak) => ({ ...leak, what: leak.secret.name })),
  ].map(
    ({ what, location, canary }) =>
      `${what} was found in the ${location.name}, as ${canary.encoding}`,
  );
  return [
    ...notAllFound("client ids", secrecy.clientIds),
    ...notAllFound("ciphertexts", secrecy.ciphertexts),
    ...notAllFound("secrets that are sent", secrecy.secrets),
    ...new Set(leaks),
  ];
}

function notAllFound(what: string, counts: ReadonlyMap<Location, Count>): string[] {
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
