import {
  DRAWN_PASSPHRASE,
  drawPassphrase,
  judgePassphrase,
  WEAK_PASSPHRASE_RISK,
} from "lacre-client";
import { isConfirmed } from "./confirm.js";
import type { Options } from "./options.js";
import { printable } from "./printable.js";
import { note } from "./printing.js";
import { readAgain, readSecret } from "./secrets.js";

/**
 * Reads the passphrase for a chat that is created or started over: from a file, typed twice, or generated. Warns of a weak
 * passphrase. In a terminal, a weak passphrase is used only if the user accepts the risk.
 */
export async function readNewPassphrase(
  { passphraseFile: file }: Options,
  ownName: string,
  peer: string,
): Promise<string> {
  const known = [ownName, peer];
  if (file !== undefined) {
    const passphrase = await readSecret("passphrase", { file, question: "" });
    const { sentence, isBelowFloor } = await judgePassphrase(passphrase, known);
    if (isBelowFloor) await note(`The passphrase: ${sentence} ${WEAK_PASSPHRASE_RISK}`);
    return passphrase;
  }
  for (;;) {
    const typed = await readSecret("passphrase", {
      question: `A new passphrase for your chat with ${printable(peer)}, who must know it too. Enter alone generates one`,
      isOptional: true,
    });
    const passphrase = typed === "" ? await generate(peer) : await rate(typed, known);
    if (passphrase !== undefined) return passphrase;
  }
}

/** Generates a passphrase. Returns undefined if the user does not want it. */
async function generate(peer: string): Promise<string | undefined> {
  const isSpanish = /^es/.test(
    process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || "",
  );
  const passphrase = await drawPassphrase(isSpanish ? "es" : "en");
  await note(`\n   ${passphrase}\n`);
  await note(
    `${DRAWN_PASSPHRASE.sentence} Write it down, and tell ${printable(peer)} in person or in a call.`,
  );
  return (await isConfirmed("Use it?")) ? passphrase : undefined;
}

/** Shows how strong a passphrase is. Returns undefined if the user does not want it, or does not repeat it correctly. */
async function rate(passphrase: string, known: readonly string[]): Promise<string | undefined> {
  const { sentence, isBelowFloor } = await judgePassphrase(passphrase, known);
  await note(isBelowFloor ? `${sentence} ${WEAK_PASSPHRASE_RISK}` : sentence);
  if (isBelowFloor && !(await isConfirmed("Use it anyway?"))) return undefined;
  return (await readAgain("passphrase", passphrase)) ? passphrase : undefined;
}
