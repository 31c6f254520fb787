import { confirm, isCancel } from "@clack/prompts";
import { CommandError, exitCodes } from "./command-error.js";

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
