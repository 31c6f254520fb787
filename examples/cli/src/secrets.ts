import { readFileSync } from "node:fs";
import { password as ask, isCancel } from "@clack/prompts";
import { exitCodes, Failure } from "./failure.js";
import type { Options } from "./options.js";

/** Whether there is somebody to ask. What is asked goes to standard error: standard output may be a file. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** A secret from the file that the option names, or asked for on the terminal, where it is not echoed. */
export async function readSecret(
  what: "password" | "passphrase",
  { file, question }: { file: string | undefined; question: string },
): Promise<string> {
  if (file !== undefined) return readSecretFile(what, file);
  if (!canAsk()) {
    throw new Failure(
      `there is no terminal to ask for the ${what} on: give it in a file, with --${what}-file`,
      exitCodes.usage,
    );
  }
  const answer = await ask({
    message: `${question} (is not shown)`,
    mask: "",
    output: process.stderr,
    validate: (typed) => (typed ? undefined : `the ${what} is empty`),
  });
  if (isCancel(answer)) throw new Failure("cancelled", exitCodes.interrupted);
  return answer;
}

/** A secret for something new: a slip would lock its owner out, so a person types it twice. */
export async function readNewSecret(
  what: "password" | "passphrase",
  { file, question }: { file: string | undefined; question: string },
): Promise<string> {
  const secret = await readSecret(what, { file, question });
  const again = await readSecret(what, { file, question: `The same ${what} again` });
  if (again === secret) return secret;
  throw new Failure(`the two ${what}s differ, and nothing was made with them: try again`);
}

/** The passphrase that the members of a chat agreed on. */
export function readPassphrase(
  { passphraseFile: file }: Options,
  peer: string | undefined,
): Promise<string> {
  const question =
    peer === undefined ? "Your chats' passphrase" : `The passphrase you share with ${peer}`;
  return readSecret("passphrase", { file, question });
}

function readSecretFile(what: string, file: string): string {
  let secret: string;
  try {
    // An editor ends the line; the secret does not have that.
    secret = readFileSync(file, "utf8").replace(/\r?\n$/, "");
  } catch (error) {
    throw new Failure(
      `the ${what} file cannot be read (${(error as Error).message})`,
      exitCodes.usage,
    );
  }
  if (secret === "") throw new Failure(`the ${what} file ${file} is empty`, exitCodes.usage);
  return secret;
}
