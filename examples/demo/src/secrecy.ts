import type { MessageRow } from "./database-rows.js";
import {
  byteNeedles,
  framedNeedles,
  MIN_NEEDLE_BYTES,
  type Needle,
  textNeedles,
} from "./needles.js";
import { type Finding, type Place, search } from "./search.js";

/** What was searched for, and where it was found. */
export interface SecrecyReport {
  readonly places: readonly Place[];
  /** How many messages' client ids and ciphertexts are in each place: what shows that the search finds things. */
  readonly clientIdsFound: ReadonlyMap<Place, number>;
  readonly ciphertextsFound: ReadonlyMap<Place, number>;
  readonly leaks: readonly Finding[];
  /** Lines that were searched inside an encoded body only. */
  readonly framed: ReadonlySet<number>;
}

/** Searches for every line, and for what must be found if the search is any good. `baseline` is from before the first line. */
export function investigate(
  texts: readonly string[],
  rows: readonly MessageRow[],
  places: readonly Place[],
  baseline: readonly Place[],
): SecrecyReport {
  const framed = shortOrCommon(texts, baseline);
  const needles = texts.flatMap((text, of) =>
    framed.has(of) ? framedNeedles(of, text) : textNeedles(of, text),
  );
  const clientIds = rows.flatMap(({ client_id }, of) =>
    byteNeedles(of, "client id", Buffer.from(client_id ?? "absent, though each has one")),
  );
  const ciphertexts = rows.flatMap(({ encrypted_content }, of) =>
    byteNeedles(of, "ciphertext", encrypted_content),
  );
  return {
    places,
    clientIdsFound: countFound(places, clientIds),
    ciphertextsFound: countFound(places, ciphertexts),
    leaks: search(places, needles),
    framed,
  };
}

/** Lines that would be found whether or not the server can read them. */
function shortOrCommon(texts: readonly string[], baseline: readonly Place[]): Set<number> {
  const isShort = (text: string) => Buffer.byteLength(text) < MIN_NEEDLE_BYTES;
  const short = texts.flatMap((text, of) => (isShort(text) ? [of] : []));
  const long = texts.flatMap((text, of) => (isShort(text) ? [] : textNeedles(of, text)));
  const common = search(baseline, long).map(({ needle }) => needle.of);
  return new Set([...short, ...common]);
}

/** A log names messages and holds none. */
export function holdsCiphertexts({ name }: Place): boolean {
  return name !== "server's log";
}

function countFound(places: readonly Place[], needles: readonly Needle[]): Map<Place, number> {
  const findings = search(places, needles);
  return new Map(
    places.map((place) => {
      const found = findings.filter((finding) => finding.place === place);
      return [place, new Set(found.map(({ needle }) => needle.of)).size];
    }),
  );
}
