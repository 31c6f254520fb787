import { confirm, isCancel } from "@clack/prompts";
import { CommandError, exitCodes } from "./command-error.js";

/** Asks a question on standard error, to which the answer that is offered is no. A cancelled question ends the program. */
export async function isConfirmed(message: string): Promise<boolean> {
  const answer = await confirm({ message, initialValue: false, output: process.stderr });
  if (isCancel(answer)) throw new CommandError("cancelled", exitCodes.interrupted);
  return answer;
}
