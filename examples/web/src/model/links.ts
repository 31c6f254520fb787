/** A part of a message's text: a link if it has `href`. */
export interface Piece {
  /** Index in the text. */
  readonly at: number;
  readonly text: string;
  readonly href?: string;
}

/**
 * Matches an http or https address. The host is in ASCII. The path has the characters of RFC 3986, and letters, marks and
 * digits of any script: no control characters, which could reverse the text direction.
 */
const CANDIDATE =
  /\b[Hh]ttps?:\/\/[A-Za-z0-9_.~:@%[\]-]+(?:[/?#][\p{L}\p{M}\p{N}_.~:/?#[\]@!$&'()*+,;=%-]*)?/gu;

/** Punctuation that belongs to the sentence if it ends an address. */
const TRAILING = ".,:;!?'*_~";

/** Matches what may follow a link. Before any other character the link would only appear to end. */
const END = /^(?:$|[\s<>"`{|}^…—–»”’。，、！？])/;

/** Maximum length of a link in characters. A longer address stays text. */
const MAX_LENGTH = 2048;

/**
 * Splits a text at its links. Links are http or https addresses whose host is ASCII and which have no user name, so that a link
 * leads to the host that it shows. The concatenated pieces are the text.
 */
export function splitLinks(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let done = 0;
  for (const { 0: candidate, index } of text.matchAll(CANDIDATE)) {
    if (candidate.length > MAX_LENGTH) continue;
    const written = trim(candidate);
    const end = index + candidate.length;
    const href = END.test(text.slice(end, end + 1)) ? addressOf(written) : undefined;
    if (href === undefined) continue;
    if (index > done) pieces.push({ at: done, text: text.slice(done, index) });
    pieces.push({ at: index, text: written, href });
    done = index + written.length;
  }
  if (done < text.length) pieces.push({ at: done, text: text.slice(done) });
  return pieces;
}

/**
 * Removes punctuation at the end of an address, and closing brackets without an opening one. Goes character by character, as
 * a regular expression would take quadratic time.
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
