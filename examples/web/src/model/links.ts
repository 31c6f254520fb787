/** A piece of a message: text, or an address that may be opened. */
export interface Piece {
  /** Where it begins in the text. */
  readonly at: number;
  readonly text: string;
  readonly href?: string;
}

/**
 * An address: its host in ASCII, its path in what RFC 3986 allows and the letters and digits of any script. No control
 * that turns text around is part of it.
 */
const CANDIDATE =
  /\b[Hh]ttps?:\/\/[A-Za-z0-9_.~:@%[\]-]+(?:[/?#][\p{L}\p{M}\p{N}_.~:/?#[\]@!$&'()*+,;=%-]*)?/gu;

/** What ends a sentence and not an address. */
const TRAILING = ".,:;!?'*_~";

/** What may follow an address. After anything else, the address would only seem to end there. */
const ENDS = /^(?:$|[\s<>"`{|}^…—–»”’。，、！？])/;

/** In characters. Longer ones stay text. */
const LONGEST = 2048;

/**
 * Splits a message's text at its links: http and https, with a host in ASCII as it is written and without a user name, so
 * that a link leads where it seems to. All pieces together are the text.
 */
export function splitLinks(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    if (candidate.length > LONGEST) continue;
    const written = trim(candidate);
    const end = index + candidate.length;
    const href = ENDS.test(text.slice(end, end + 1)) ? addressOf(written) : undefined;
    if (href === undefined) continue;
    if (index > done) pieces.push({ at: done, text: text.slice(done, index) });
    pieces.push({ at: index, text: written, href });
    done = index + written.length;
  }
  if (done < text.length) pieces.push({ at: done, text: text.slice(done) });
  return pieces;
}

/**
 * Drops punctuation that follows an address, and brackets that were opened before it. Character by character from the
 * end: a regular expression would take quadratic time for each bracket.
 */
function trim(candidate: string): string {
  const extra: Record<string, number> = {
    ")": count(candidate, ")") - count(candidate, "("),
    "]": count(candidate, "]") - count(candidate, "["),
  };
  let end = candidate.length;
  for (; end > 0; end--) {
    const last = candidate.charAt(end - 1);
    if (TRAILING.includes(last)) continue;
    const unopened = extra[last] ?? 0;
    if (unopened <= 0) break;
    extra[last] = unopened - 1;
  }
  return candidate.slice(0, end);
}

const count = (text: string, one: string) => text.split(one).length;

function addressOf(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { href, hostname, username, password } = new URL(written);
  const [, host] = /^\w+:\/\/(\[[^\]]*\]|[^/?#:@]+)/.exec(written) ?? [];
  const isSame = host?.toLowerCase() === hostname && username === "" && password === "";
  return isSame ? href : undefined;
}
