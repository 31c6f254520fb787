import { confirm, isCancel } from "@clack/prompts";
import { CommandError, exitCodes } from "./command-error.js";
import { canAsk } from "./secrets.js";

/**
 * Asks a yes-or-no question on standard error. The default answer is no.
 *
 * @throws {CommandError} if the user cancels the question.
 */
export async function isConfirmed(message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("cancelled", exitCodes.interrupted);
  return answer;
}

/**
 * Asks whether to make a change, unless the option `yes` says so.
 *
 * @throws {CommandError} if the answer is no, or without a terminal.
 */
export async function requireConfirmed(
  question: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  if (yes) return;
  if (!canAsk())
    throw new CommandError(`${question} Nothing was changed: add --yes to do it`, exitCodes.usage);
  if (!(await isConfirmed(question))) throw new CommandError("cancelled", exitCodes.interrupted);
}
