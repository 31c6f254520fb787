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
 * The passphrase of a chat that is begun or started over: from the file that the option names, typed twice, or drawn. A weak one is named as such; at
 * a terminal it is taken only if the user accepts the risk.
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
      file,
      question: `A new passphrase for your chat with ${printable(peer)}, who must know it too. Enter alone draws one`,
      isOptional: true,
    });
    const passphrase = typed === "" ? await draw(peer) : await judged(typed, known);
    if (passphrase !== undefined) return passphrase;
  }
}

async function draw(peer: string): Promise<string | undefined> {
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

async function judged(passphrase: string, known: readonly string[]): Promise<string | undefined> {
  const { sentence, isBelowFloor } = await judgePassphrase(passphrase, known);
  await note(isBelowFloor ? `${sentence} ${WEAK_PASSPHRASE_RISK}` : sentence);
  if (isBelowFloor && !(await isConfirmed("Use it all the same?"))) return undefined;
  return (await readAgain("passphrase", passphrase)) ? passphrase : undefined;
}
