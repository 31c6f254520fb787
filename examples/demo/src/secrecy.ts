import {
  bodyCanaries,
  byteCanaries,
  type CanaryString,
  encodingsOfBytes,
  MIN_CANARY_BYTES,
  textCanaries,
} from "./canary-strings.js";
import type { MessageRow } from "./database-rows.js";
import type { Evidence, Secret } from "./evidence.js";
import { expectationsOf } from "./expectations.js";
import type { LocationName } from "./locations.js";
import { type Finding, type Location, search } from "./search.js";

/** How many of the expected strings the search found in a location. */
export interface Count {
  readonly found: number;
  readonly expected: number;
}

export interface SecretFinding extends Finding {
  readonly secret: Secret;
}

/** The result of the search. `clientIds`, `ciphertexts` and `secrets` are expected, and show that the search works. */
export interface SecrecyReport {
  readonly locations: readonly Location[];
  readonly clientIds: ReadonlyMap<Location, Count>;
  /** Has no entry for a location that contains no ciphertexts. */
  readonly ciphertexts: ReadonlyMap<Location, Count>;
  /** The secrets that are sent in each location. */
  readonly secrets: ReadonlyMap<Location, Count>;
  /** Lines of the transcript that were found. */
  readonly leaks: readonly Finding[];
  /** Secrets that were found in a location where they are not sent. */
  readonly leakedSecrets: readonly SecretFinding[];
  /** Indexes of the lines that were searched only inside an encoded message body. */
  readonly bodyOnly: ReadonlySet<number>;
  /** Number of messages that the server may have stored without logging them. */
  readonly unlogged: number;
}

/** Searches the evidence for every line and every secret, and for the strings that a working search must find. */
export async function searchEvidence(
  evidence: Evidence,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<SecrecyReport> {
  const { rows, locations, baseline, secrets } = evidence;
  const texts = evidence.lines.map(({ text }) => text);
  const bodyOnly = await shortOrCommon(texts, baseline);
  const canaries = {
    lines: texts.flatMap((text, at) =>
      bodyOnly.has(at) ? bodyCanaries(at, text) : textCanaries(at, text),
    ),
    secrets: secrets.flatMap(({ text }, at) => textCanaries(at, text)),
    clientIds: rows.flatMap(({ client_id }, at) =>
      byteCanaries(at, "client id", Buffer.from(client_id ?? "absent, though each has one")),
    ),
    // WebSocket frames contain the bytes of a ciphertext, JSON contains base64.
    ciphertexts: rows.flatMap(({ encrypted_content }, at) =>
      byteCanaries(at, "ciphertext", encrypted_content).flatMap(({ encoding, bytes }) =>
        encodingsOfBytes(at, encoding, bytes),
      ),
    ),
  };
  const findings = await search(locations, Object.values(canaries).flat(), onProgress);
  const found = (some: readonly CanaryString[]) => {
    const wanted = new Set(some);
    return findings.filter(({ canary }) => wanted.has(canary));
  };
  const expected = expectationsOf(evidence);
  const secretFindings = found(canaries.secrets);
  const isSent = (secret: Secret, { name }: Location) =>
    secret.sentIn.includes(name as LocationName);
  return {
    locations,
    clientIds: count(locations, found(canaries.clientIds), rows, expected.clientIds),
    ciphertexts: count(locations, found(canaries.ciphertexts), rows, expected.ciphertexts),
    secrets: new Map(
      locations.map((location) => {
        const inLocation = secretFindings.filter((finding) => finding.location === location);
        const indexes = new Set(inLocation.map(({ canary }) => canary.index));
        const sent = secrets.flatMap((secret, at) => (isSent(secret, location) ? [at] : []));
        return [
          location,
          { found: sent.filter((at) => indexes.has(at)).length, expected: sent.length },
        ] as const;
      }),
    ),
    leaks: found(canaries.lines),
    leakedSecrets: secretFindings
      .map((finding) => ({ ...finding, secret: secrets[finding.canary.index]! }))
      .filter(({ secret, location }) => !isSent(secret, location)),
    bodyOnly,
    unlogged: expected.unlogged.length,
  };
}

/** Returns the indexes of the texts that are too short to search for, or that occur in the baseline already. */
async function shortOrCommon(
  texts: readonly string[],
  baseline: readonly Location[],
): Promise<Set<number>> {
  const isShort = (text: string) => Buffer.byteLength(text) < MIN_CANARY_BYTES;
  const short = texts.flatMap((text, at) => (isShort(text) ? [at] : []));
  const long = texts.flatMap((text, at) => (isShort(text) ? [] : textCanaries(at, text)));
  const common = (await search(baseline, long)).map(({ canary }) => canary.index);
  return new Set([...short, ...common]);
}

/** Counts the expected rows that were found in each location. Omits locations in which no rows are expected. */
function count(
  locations: readonly Location[],
  findings: readonly Finding[],
  rows: readonly MessageRow[],
  expected: Readonly<Partial<Record<LocationName, readonly MessageRow[]>>>,
): Map<Location, Count> {
  const counts = new Map<Location, Count>();
  for (const location of locations) {
    const wanted = expected[location.name as LocationName];
    if (wanted === undefined) continue;
    const here = findings.filter((finding) => finding.location === location);
    const found = new Set(here.map(({ canary }) => rows[canary.index]!));
    counts.set(location, {
      found: wanted.filter((row) => found.has(row)).length,
      expected: wanted.length,
    });
  }
  return counts;
}
