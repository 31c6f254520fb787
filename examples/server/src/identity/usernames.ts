import { prepareUsername, usernameKey } from "lacre";
import unhomoglyph from "unhomoglyph";
import { HttpError } from "../errors.js";

// Scripts in everyday use, as UAX #31 recommends them for identifiers.
const SCRIPTS = [
  ...[
    "Arabic",
    "Armenian",
    "Bengali",
    "Bopomofo",
    "Cyrillic",
    "Devanagari",
    "Ethiopic",
    "Georgian",
  ],
  ...[
    "Greek",
    "Gujarati",
    "Gurmukhi",
    "Han",
    "Hangul",
    "Hebrew",
    "Hiragana",
    "Kannada",
    "Katakana",
  ],
  ...["Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu"],
  ...["Thaana", "Thai", "Tibetan"],
];

/** Allowed combinations of scripts: one script, or those of Japanese, Chinese or Korean (UTS #39, highly restrictive). */
const SCRIPT_SETS = [
  ...SCRIPTS.map((script) => [script]),
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
].map((scripts) => {
  const letters = ["Common", "Inherited", ...scripts].map((script) => `\\p{scx=${script}}`);
  return new RegExp(`^[${letters.join("")}]+$`, "u");
});

/** The sets with one script only. */
const SINGLE_SCRIPTS = SCRIPT_SETS.slice(0, SCRIPTS.length);

const SHAPE = /^(?=.*[\p{L}\p{Nd}])[\p{XIDC}_-]{3,50}$/u;

/** Invisible characters, modifier letters that look like apostrophes, tatweel, and incomplete Hangul syllables. */
const DECEPTIVE = /[\p{DI}\u02B0-\u02FF\u0640\u1100-\u11FF\uA960-\uA97F\uD7B0-\uD7FF]/u;

/** Thai and Lao am: the only letters in use that NFKC decomposes. */
const AM = /[\u0E33\u0EB3]/g;

/**
 * Misplaced combining marks: without a letter, repeated, or in sequences of five. Also dots above that are hard to see, on i, j, l
 * and similar letters.
 */
const MISPLACED =
  /(?:^|[^\p{L}\p{M}])\p{M}|(\p{M})\1|\p{Mn}{5}|[\p{SD}JLıȷl]\p{M}*\u0307|I\p{M}+\u0307|I\u0307\p{M}/u;

/** Combining marks that modern orthographies do not use in names. */
const UNCOMMON_MARK = anyOf(
  // Phonetic and medieval marks, and marks that cross out a letter.
  "\\u0305\\u030D-\\u031A\\u031C-\\u0322\\u0329-\\u032C\\u032E\\u032F\\u0332-\\u0341\\u0343\\u0344\\u0346-\\u036F",
  "\\u1AB0-\\u1AFF\\u1DC0-\\u1DFF\\u20D0-\\u20FF\\uFE00-\\uFE2F",
  // Old Cyrillic marks, and cantillation marks of Hebrew, Arabic and Sanskrit.
  "\\u0483-\\u0489\\uA66F-\\uA67D\\u0591-\\u05AF\\u05BF\\u05C4\\u05C5\\u0610-\\u061A\\u0656-\\u065F\\u06D6-\\u06ED",
  "\\u0951-\\u0954\\u1CD0-\\u1CFF\\uA8E0-\\uA8FF",
  // Marks that are newer than the table of confusable characters (Unicode 13).
  "\\u0890-\\u089F\\u08CA-\\u08FF\\u0C3C\\u0CF3\\u0ECE",
);

/** A combining mark of Latin, Greek or Cyrillic on a letter of another script. */
const FOREIGN_MARK = /[^\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{M}]\p{M}*[\u0300-\u036F]/u;

/**
 * A vowel sign after an independent vowel, which looks like another letter. The Unicode blocks from Devanagari to Malayalam have
 * both at the same offsets.
 */
const VOWEL_ON_VOWEL = new RegExp(
  [0x0900, 0x0980, 0x0a00, 0x0a80, 0x0b00, 0x0b80, 0x0c00, 0x0c80, 0x0d00]
    .map((block) => `[${range(block + 0x04, block + 0x14)}][${range(block + 0x3e, block + 0x4c)}]`)
    .join("|"),
  "u",
);

/** Letters that are not in the table of confusable characters (Unicode 13), and letters beyond the BMP except Han. */
const UNKNOWN =
  /[\u0870-\u088F\u08B5\u08C8\u08C9\u0C5C\u0C5D\u0CDC\u0CDD\u1C89\u1C8A\u9FFD-\u9FFF\uA7C0\uA7C1\uA7CB-\uA7DC\u{10000}-\u{1FFFF}\u{2A6DE}-\u{10FFFF}]/u;

/** A middle dot that is not between two l (as in Catalan). */
const DOT_ELSEWHERE = /·(?!l)|(?:^|[^l])·/iu;

const RIGHT_TO_LEFT = /[\p{scx=Hebrew}\p{scx=Arabic}\p{scx=Thaana}]/u;

/** The Bidi Rule (RFC 5893, section 2) for a name of one such script. */
const WELL_DIRECTED = /^\p{L}.*[\p{L}\p{Nd}]\p{M}*$/u;

/** A username that may be registered. */
export interface Username {
  /** Display form. */
  readonly username: string;
  readonly username_key: string;
  /** Visual forms of the name: as written, in lower case and in upper case. Two users cannot share a form. */
  readonly looks: string[];
}

/**
 * Checks a username for registration.
 *
 * @throws {HttpError} if the username is not allowed.
 *
 * All letters are of one script, or of the scripts of Japanese, Chinese or Korean; digits are of one kind; no character is
 * invisible. A mark requires a letter of a script that uses it. No two names look alike by the table of UTS #39, as written,
 * in lower case or in upper case. Existing accounts are not checked.
 */
export function readUsername(text: string): Username {
  const username = prepareUsername(text);
  const decomposed = username.normalize("NFD");
  const isPlain =
    ![DECEPTIVE, UNKNOWN, UNCOMMON_MARK, DOT_ELSEWHERE].some((part) => part.test(username)) &&
    ![MISPLACED, FOREIGN_MARK, VOWEL_ON_VOWEL].some((part) => part.test(decomposed)) &&
    !hasCompatibilityCharacters(username);
  if (!SHAPE.test(username) || !isPlain || hasPhoneticLetters(username)) {
    throw notAllowed("it contains an invisible character, or one that looks like another");
  }
  if (!SCRIPT_SETS.some((set) => set.test(username)) || hasDigitsOfTwoKinds(username)) {
    throw notAllowed("it mixes scripts or kinds of digits");
  }
  if (hasMarkOfAnotherScript(username)) {
    throw notAllowed("it contains a combining mark on a letter of another script");
  }
  if (RIGHT_TO_LEFT.test(username) && !WELL_DIRECTED.test(username)) {
    throw notAllowed(
      "a name written from right to left must begin with a letter and end with a letter or digit",
    );
  }
  return { username, username_key: usernameKey(username), looks: looksOf(username) };
}

function looksOf(username: string): string[] {
  const forms = [usernameKey(username), skeleton(username), skeleton(username.toUpperCase())];
  const looks = forms.map(withoutCase);
  return [...new Set([...looks, ...looks.map(withMarksSorted)])];
}

/** Sorts consecutive marks, because different orders can look the same. */
function withMarksSorted(text: string): string {
  return text.replace(/\p{M}{2,}/gu, (marks) => [...marks].sort().join(""));
}

/** Returns a form that is equal for lower and upper case: i equals l, because I looks like l. */
function withoutCase(text: string): string {
  return skeleton(skeleton(text.toLowerCase()).toUpperCase()).toLowerCase();
}

/** Returns the skeleton of UTS #39. */
function skeleton(text: string): string {
  return unhomoglyph(text.normalize("NFD")).normalize("NFD");
}

/** Whether a text has lower-case letters without an upper-case form, as in phonetic alphabets. */
function hasPhoneticLetters(text: string): boolean {
  return (text.match(/\p{Ll}/gu) ?? []).some((letter) => letter.toUpperCase() === letter);
}

function hasDigitsOfTwoKinds(text: string): boolean {
  // The ten digits of one kind are in the same block of 16 code points.
  const digits = text.match(/\p{Nd}/gu) ?? [];
  return new Set(digits.map((digit) => digit.codePointAt(0)! >> 4)).size > 1;
}

/** Whether NFKC changes a text (RFC 8264, section 9.17). */
function hasCompatibilityCharacters(text: string): boolean {
  const rest = text.replace(AM, "");
  return rest.normalize("NFKC") !== rest;
}

function hasMarkOfAnotherScript(text: string): boolean {
  const marked = text.match(/\p{L}\p{M}+/gu) ?? [];
  return !marked.every((letter) => SINGLE_SCRIPTS.some((script) => script.test(letter)));
}

function anyOf(...ranges: string[]): RegExp {
  return new RegExp(`[${ranges.join("")}]`, "u");
}

function range(first: number, last: number): string {
  return `${String.fromCharCode(first)}-${String.fromCharCode(last)}`;
}

function notAllowed(reason: string): HttpError {
  return new HttpError(422, "ERR_USERNAME_REFUSED", `this username is not allowed: ${reason}`);
}
