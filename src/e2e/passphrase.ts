import { textArgument } from "../arguments.js";

const WHITE_SPACE = /\p{White_Space}/u;

/**
 * Normalises a passphrase as `createChatKey` and `deriveChatKey` do: it removes white space at both ends, then applies NFC
 * (docs/PROTOCOL.md, E-1). Use it to estimate the strength of a passphrase, or to check that it is not empty.
 *
 * ```ts
 * preparePassphrase(" café con leche\n"); // "café con leche"
 * ```
 */
export function preparePassphrase(passphrase: string): string {
  let [start, end] = [0, textArgument(passphrase, "passphrase").length];
  // Each white space character is one code unit, because all are in the Basic Multilingual Plane.
  while (start < end && WHITE_SPACE.test(passphrase[start]!)) start += 1;
  while (end > start && WHITE_SPACE.test(passphrase[end - 1]!)) end -= 1;
  return passphrase.slice(start, end).normalize("NFC");
}
