import { textArgument } from "../arguments.js";

/** Matches full-width and half-width characters and the ideographic space, which RFC 8264, section 5.2.1 maps. */
const WIDTH_VARIANTS = /[\u3000\uFF01-\uFFEE]/g;

/**
 * Normalises a username to the form that is sent, stored and displayed: full-width and half-width characters become
 * ordinary ones, then NFC; the case is kept (docs/PROTOCOL.md, N-1). A prepared username stays the same.
 *
 * ```ts
 * prepareUsername("Jose\u0301"); // "José" in four characters
 * ```
 */
export function prepareUsername(username: string): string {
  return textArgument(username, "username")
    .replace(WIDTH_VARIANTS, (character) => character.normalize("NFKC"))
    .normalize("NFC");
}

/**
 * Returns the key by which usernames are compared, searched and sorted. Do not display it (docs/PROTOCOL.md, N-2). Names
 * that are equal under RFC 8265's UsernameCaseMapped have the same key, and so have ß and ss, ς and σ, and i with and
 * without a dot.
 *
 * ```ts
 * usernameKey("Weiß_klaus") === usernameKey("WEISS_KLAUS"); // true
 * ```
 */
export function usernameKey(username: string): string {
  // Upper case turns ß into SS and ı into I, in any locale. The text is decomposed first, because upper case turns the mark
  // U+0345 into a letter, which must follow the other marks (The Unicode Standard, definition D145).
  const upper = textArgument(username, "username").normalize("NFKD").toLowerCase().toUpperCase();
  const lower = upper.toLowerCase().replaceAll("ς", "σ");
  return lower.normalize("NFD").replace(MARKED_I, withoutDot).normalize("NFKC");
}

const MARKED_I = /i\p{M}+/gu;

function withoutDot(letter: string): string {
  return letter.replaceAll("\u0307", "");
}

/**
 * Returns whether two usernames have the same `usernameKey`, and so name the same user.
 *
 * ```ts
 * isSameUsername("Jose\u0301", "JOSÉ"); // true
 * ```
 */
export function isSameUsername(a: string, b: string): boolean {
  return usernameKey(a) === usernameKey(b);
}

/**
 * Normalises a password to the form that is sent, hashed and compared: each space becomes U+0020, then NFC (RFC 8265,
 * section 4.2, OpaqueString). It trims nothing and rejects no character (docs/PROTOCOL.md, N-4).
 *
 * ```ts
 * preparePassword("con\u00A0leche"); // "con leche" with U+0020
 * ```
 */
export function preparePassword(password: string): string {
  return textArgument(password, "password")
    .replace(/\p{Zs}/gu, " ")
    .normalize("NFC");
}
