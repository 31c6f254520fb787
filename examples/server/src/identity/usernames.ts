import unhomoglyph from "unhomoglyph";
import { Refusal } from "../errors.js";

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

/** What may stand together in a name: one script, or those that Japanese, Chinese and Korean are written in. UTS #39 calls it highly restrictive. */
const COMPANIES = [
  ...SCRIPTS.map((script) => [script]),
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
].map((scripts) => {
  const letters = ["Common", "Inherited", ...scripts].map((script) => `\\p{scx=${script}}`);
  return new RegExp(`^[${letters.join("")}]+$`, "u");
});

const SHAPE = /^(?=.*[\p{L}\p{Nd}])[\p{XIDC}_-]{3,50}$/u;

/** Invisible, like an apostrophe, only lengthening a letter, or part of a Hangul syllable that is none. */
const DECEPTIVE = /[\p{DI}\u02B0-\u02FF\u0640\u1100-\u11FF\uA960-\uA97F\uD7B0-\uD7FF]/u;

/** Marks that stand on no letter, twice on one or five high, or that a letter hides: a second dot over i and j, one over l. */
const MISPLACED =
  /(?:^|[^\p{L}\p{M}])\p{M}|(\p{M})\1|\p{Mn}{5}|[\p{SD}JLıȷl]\p{M}*\u0307|I\p{M}+\u0307|I\u0307\p{M}/u;

/** Letters that our table of look-alikes, of Unicode 13, does not know, and with them those beyond the BMP that no living name but a Han one needs. */
const UNKNOWN =
  /[\u0870-\u088F\u08B5\u08C8\u08C9\u0C5C\u0C5D\u0CDC\u0CDD\u1C89\u1C8A\u9FFD-\u9FFF\uA7C0\uA7C1\uA7CB-\uA7DC\u{10000}-\u{1FFFF}\u{2A6DE}-\u{10FFFF}]/u;

/** A name as it may be registered. */
export interface Username {
  /** As it is shown. */
  readonly username: string;
  readonly username_key: string;
  /** All that the name may be taken for, as it stands, in small letters or in capitals: two names that share a look are not both given. */
  readonly looks: string[];
}

/**
 * Checks a name that somebody wants. Throws a Refusal.
 *
 * Names are put into NFKC and compared without case. Their letters are of one script, or of the scripts that Japanese,
 * Chinese or Korean is written in; their digits are of one kind; nothing in them is invisible, and marks stand where
 * they are seen. No two names look alike by the table of UTS #39, whether as they stand, in small letters or in capitals.
 */
export function readUsername(text: string): Username {
  const username = text.normalize("NFKC");
  const isPlain =
    ![DECEPTIVE, UNKNOWN].some((characters) => characters.test(username)) &&
    !MISPLACED.test(username.normalize("NFD"));
  if (!SHAPE.test(username) || !isPlain || hasPhoneticLetters(username)) {
    throw refuse("it has a character that cannot be seen, or is easily taken for another");
  }
  if (!COMPANIES.some((company) => company.test(username)) || hasDigitsOfTwoKinds(username)) {
    throw refuse("its letters and digits are of scripts that are not written together");
  }
  return { username, username_key: usernameKey(username), looks: looksOf(username) };
}

/** What a name is compared by, and a name's beginning searched by: Ana, ana and ａｎａ are one name. */
export function usernameKey(username: string): string {
  // By way of capitals ß is ss and ı is i; the last sigma of a word is one like the others, and İ is i with its dot.
  const upper = username.normalize("NFKC").toLowerCase().toUpperCase();
  const lower = upper.toLowerCase().replaceAll("ς", "σ").replaceAll("i\u0307", "i");
  return lower.normalize("NFKC");
}

function looksOf(username: string): string[] {
  const standing = [usernameKey(username), skeleton(username), skeleton(username.toUpperCase())];
  return [...new Set(standing.map(withoutCase))];
}

/** Small letters and capitals look different, and are one all the same: so i is like l, as I is. */
function withoutCase(text: string): string {
  return skeleton(skeleton(text.toLowerCase()).toUpperCase()).toLowerCase();
}

/** The skeleton of UTS #39. */
function skeleton(text: string): string {
  return unhomoglyph(text.normalize("NFD")).normalize("NFD");
}

/** Small letters without a capital, as phonetic scripts have them: among them small capitals. */
function hasPhoneticLetters(text: string): boolean {
  return (text.match(/\p{Ll}/gu) ?? []).some((letter) => letter.toUpperCase() === letter);
}

function hasDigitsOfTwoKinds(text: string): boolean {
  // The ten digits of a kind stand in one row of sixteen.
  const digits = text.match(/\p{Nd}/gu) ?? [];
  return new Set(digits.map((digit) => digit.codePointAt(0)! >> 4)).size > 1;
}

function refuse(reason: string): Refusal {
  return new Refusal(422, "ERR_USERNAME_REFUSED", `this username cannot be had: ${reason}`);
}
