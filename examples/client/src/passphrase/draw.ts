/** Languages of the word lists, by their ISO 639 codes. */
export type WordLanguage = "en" | "es";

const WORDS = 5;

/** The number of passphrases that the Spanish list has, which is the shorter one. */
export const DRAWN_GUESSES = 1714 ** WORDS;

/** Draws a passphrase of five words, each with the same chance. The word list is loaded on the first call. */
export async function drawPassphrase(language: WordLanguage): Promise<string> {
  const words = await wordsOf(language);
  return Array.from({ length: WORDS }, () => words[drawBelow(words.length)]).join(" ");
}

/** The words of BIP-39 that every keyboard types. No two begin with the same four letters. */
export async function wordsOf(language: WordLanguage): Promise<readonly string[]> {
  const { wordlist } = await (language === "en"
    ? import("@scure/bip39/wordlists/english.js")
    : import("@scure/bip39/wordlists/spanish.js"));
  return wordlist.filter((word) => /^[a-z]+$/.test(word));
}

const RANGE = 2 ** 32;

/** A random integer from 0 to `end` - 1. Drawing again above the last multiple of `end` gives each the same chance. */
export function drawBelow(end: number): number {
  const [drawn] = crypto.getRandomValues(new Uint32Array(1));
  return drawn! < RANGE - (RANGE % end) ? drawn! % end : drawBelow(end);
}
