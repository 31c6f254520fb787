import { preparePassphrase } from "lacre/e2e";
import { DRAWN_GUESSES } from "./draw.js";

/** Result of `judgePassphrase`. */
export interface PassphraseVerdict {
  readonly strength: "weak" | "fair" | "strong";
  /** Strength and guessing time in one sentence. */
  readonly sentence: string;
  /** Whether clients reject it for a new chat, unless the user accepts the risk. */
  readonly isBelowFloor: boolean;
}

/** Minimum guesses of a fair passphrase, as a power of ten. zxcvbn uses this number for its best score. */
const FLOOR = 10;
const STRONG = 14;

/** PBKDF2 with 600,000 iterations on ten graphics cards. A fast one of 2024 computes 15,000 keys per second. */
const GUESSES_A_SECOND = 150_000;

/** Warning for a chat whose passphrase is below the floor. */
export const WEAK_PASSPHRASE_RISK =
  "The operator of the server, or anyone who copies its database, can guess this passphrase and then read everything that " +
  "the two of you wrote and will write.";

/**
 * Estimates the time to guess a passphrase with a copy of the server's data. `known` are words that an attacker guesses
 * first, such as the members' names. Loads the estimator on the first call.
 */
export async function judgePassphrase(
  passphrase: string,
  known: readonly string[] = [],
): Promise<PassphraseVerdict> {
  const { estimateGuesses } = await import("./estimator.js");
  return verdictOf(estimateGuesses(preparePassphrase(passphrase), known));
}

function verdictOf(guesses: number): PassphraseVerdict {
  const strength = guesses < FLOOR ? "weak" : guesses < STRONG ? "fair" : "strong";
  const time = timeInWords(10 ** guesses / GUESSES_A_SECOND);
  const sentence = `${TITLES[strength]}: ten fast graphics cards guess it in ${time}.`;
  return { strength, sentence, isBelowFloor: strength === "weak" };
}

const TITLES = { weak: "Too weak", fair: "Fair", strong: "Strong" } as const;

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [31_557_600, "year"],
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
];

/** The verdict on each result of `drawPassphrase`. Its words are random, so it does not matter how common they are. */
export const DRAWN_PASSPHRASE = verdictOf(Math.log10(DRAWN_GUESSES));

function timeInWords(seconds: number): string {
  for (const [length, name] of UNITS) {
    const count = Math.floor(seconds / length);
    if (name === "year" && count >= 1000) return "thousands of years";
    if (count >= 1) return `about ${count} ${name}${count === 1 ? "" : "s"}`;
  }
  return seconds < 1 ? "less than a second" : "less than a minute";
}
