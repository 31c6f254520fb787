import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import graphs from "@zxcvbn-ts/language-common/dist/adjacencyGraphs.json.mjs";
import diceware from "@zxcvbn-ts/language-common/dist/diceware.json.mjs";
import passwords from "@zxcvbn-ts/language-common/dist/passwords.json.mjs";
import english from "@zxcvbn-ts/language-en/dist/commonWords.json.mjs";
import spanish from "@zxcvbn-ts/language-es-es/dist/commonWords.json.mjs";

/*
 * Load this module on demand: its compressed size is 0.6 MB. The common words of English and Spanish are derived from
 * OpenSubtitles 2024 via OPUS (https://opus.nlpl.eu/), under ODC-BY.
 */

const zxcvbn = new ZxcvbnFactory({
  graphs,
  dictionary: { diceware, passwords, english, spanish },
});

/** Maximum characters to estimate, because zxcvbn's time grows with the square of the length. */
const LONGEST = 128;

/**
 * Returns the estimated number of guesses to find a passphrase, as a power of ten. The estimate of zxcvbn includes a factor
 * for the number of orders of a phrase's parts. An attacker who guesses word by word does not need this factor, so the
 * product of the words' own guesses is the upper bound.
 */
export function estimateGuesses(passphrase: string, known: readonly string[]): number {
  const guesses = (text: string) => zxcvbn.check(text, [...known]).guessesLog10;
  const whole = passphrase.slice(0, LONGEST);
  const words = whole.split(/[\s\p{P}]+/u).filter((word) => word !== "");
  const together = words.reduce((sum, word) => sum + guesses(word), 0);
  return words.length > 1 ? Math.min(guesses(whole), together) : guesses(whole);
}
