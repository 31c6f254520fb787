import type { MessageRow } from "./database-rows.js";
import type { Evidence, Secret } from "./evidence.js";
import { expectationsOf } from "./expectations.js";
import {
  byteNeedles,
  encodingsOfBytes,
  framedNeedles,
  MIN_NEEDLE_BYTES,
  type Needle,
  textNeedles,
} from "./needles.js";
import type { PlaceName } from "./places.js";
import { type Finding, type Place, search } from "./search.js";

/** How many of the things that must be in a place are found there. */
export interface Count {
  readonly found: number;
  readonly expected: number;
}

export interface SecretFinding extends Finding {
  readonly secret: Secret;
}

/** What was searched for, and where it was found. */
export interface SecrecyReport {
  readonly places: readonly Place[];
  /** Of each place: what shows that the search finds things there. */
  readonly clientIds: ReadonlyMap<Place, Count>;
  /** No entry for a place that holds none. */
  readonly ciphertexts: ReadonlyMap<Place, Count>;
  readonly secrets: ReadonlyMap<Place, Count>;
  /** Lines of the transcript that were found. */
  readonly leaks: readonly Finding[];
  /** Secrets that were found where they must not be. */
  readonly leakedSecrets: readonly SecretFinding[];
  /** Lines that were searched inside an encoded body only. */
  readonly framed: ReadonlySet<number>;
  /** Messages that the server may have stored without logging them. */
  readonly unlogged: number;
}

/** Searches for every line and every secret, and for what must be found if the search is any good. */
export async function investigate(
  evidence: Evidence,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<SecrecyReport> {
  const { rows, places, baseline, secrets } = evidence;
  const texts = evidence.lines.map(({ text }) => text);
  const framed = await shortOrCommon(texts, baseline);
  const of = {
    lines: texts.flatMap((text, at) =>
      framed.has(at) ? framedNeedles(at, text) : textNeedles(at, text),
    ),
    secrets: secrets.flatMap(({ text }, at) => textNeedles(at, text)),
    clientIds: rows.flatMap(({ client_id }, at) =>
      byteNeedles(at, "client id", Buffer.from(client_id ?? "absent, though each has one")),
    ),
    // In whichever encoding it travels: WebSocket frames have the bytes, JSON has base64.
    ciphertexts: rows.flatMap(({ encrypted_content }, at) =>
      byteNeedles(at, "ciphertext", encrypted_content).flatMap(({ encoding, bytes }) =>
        encodingsOfBytes(at, encoding, bytes),
      ),
    ),
  };
  const findings = await search(places, Object.values(of).flat(), onProgress);
  const found = (needles: readonly Needle[]) => {
    const wanted = new Set(needles);
    return findings.filter(({ needle }) => wanted.has(needle));
  };
  const expected = expectationsOf(evidence);
  const secretFindings = found(of.secrets);
  const isSent = (secret: Secret, { name }: Place) => secret.sentIn.includes(name as PlaceName);
  return {
    places,
    clientIds: count(places, found(of.clientIds), rows, expected.clientIds),
    ciphertexts: count(places, found(of.ciphertexts), rows, expected.ciphertexts),
    secrets: new Map(
      places.map((place) => {
        const inPlace = secretFindings.filter((finding) => finding.place === place);
        const ats = new Set(inPlace.map(({ needle }) => needle.of));
        const sent = secrets.flatMap((secret, at) => (isSent(secret, place) ? [at] : []));
        return [
          place,
          { found: sent.filter((at) => ats.has(at)).length, expected: sent.length },
        ] as const;
      }),
    ),
    leaks: found(of.lines),
    leakedSecrets: secretFindings
      .map((finding) => ({ ...finding, secret: secrets[finding.needle.of]! }))
      .filter(({ secret, place }) => !isSent(secret, place)),
    framed,
    unlogged: expected.unlogged.length,
  };
}

/** Lines that would be found whether or not the server can read them. */
async function shortOrCommon(
  texts: readonly string[],
  baseline: readonly Place[],
): Promise<Set<number>> {
  const isShort = (text: string) => Buffer.byteLength(text) < MIN_NEEDLE_BYTES;
  const short = texts.flatMap((text, of) => (isShort(text) ? [of] : []));
  const long = texts.flatMap((text, of) => (isShort(text) ? [] : textNeedles(of, text)));
  const common = (await search(baseline, long)).map(({ needle }) => needle.of);
  return new Set([...short, ...common]);
}

/** Counts the expected rows that were found in each place of which something is expected. */
function count(
  places: readonly Place[],
  findings: readonly Finding[],
  rows: readonly MessageRow[],
  expected: Readonly<Partial<Record<PlaceName, readonly MessageRow[]>>>,
): Map<Place, Count> {
  const counts = new Map<Place, Count>();
  for (const place of places) {
    const wanted = expected[place.name as PlaceName];
    if (wanted === undefined) continue;
    const here = findings.filter((finding) => finding.place === place);
    const found = new Set(here.map(({ needle }) => rows[needle.of]!));
    counts.set(place, {
      found: wanted.filter((row) => found.has(row)).length,
      expected: wanted.length,
    });
  }
  return counts;
}
