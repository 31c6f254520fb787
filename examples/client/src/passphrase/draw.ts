/** Languages of the word lists, by their ISO 639 codes. */
export type WordLanguage = "en" | "es";

const WORDS = 5;

/** Number of possible passphrases with the Spanish list, which is shorter than the English one. */
export const DRAWN_GUESSES = 1714 ** WORDS;

/** Draws a passphrase of five words, all equally likely. Loads the word list on the first call. */
export async function drawPassphrase(language: WordLanguage): Promise<string> {
  const words = await wordsOf(language);
  return Array.from({ length: WORDS }, () => words[drawBelow(words.length)]).join(" ");
}

/** Returns the words of BIP-39 that contain only the letters a to z. No two words start with the same four letters. */
export async function wordsOf(language: WordLanguage): Promise<readonly string[]> {
  const { wordlist } = await (language === "en"
    ? import("@scure/bip39/wordlists/english.js")
    : import("@scure/bip39/wordlists/spanish.js"));
  return wordlist.filter((word) => /^[a-z]+$/.test(word));
}

const RANGE = 2 ** 32;

/**
 * Returns a random integer from 0 to `end` - 1. Draws again above the last multiple of `end`, so that all results are
 * equally likely.
 */
export function drawBelow(end: number): number {
  const [drawn] = crypto.getRandomValues(new Uint32Array(1));
  return drawn! < RANGE - (RANGE % end) ? drawn! % end : drawBelow(end);
}
