import { readFileSync } from "node:fs";
import { password as ask, isCancel } from "@clack/prompts";
import { decodeText } from "lacre-client/node";
import { CommandError, exitCodes } from "./command-error.js";
import type { Options } from "./options.js";
import { note } from "./printing.js";

/** Whether there is a terminal to ask the user on. Questions go to standard error: standard output may be a file. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

export interface Question {
  /** The file that has the secret, if the user is not to be asked. */
  readonly file?: string | undefined;
  readonly question: string;
  /** Whether the answer may be empty. */
  readonly isOptional?: boolean;
  /** Says what is wrong with a secret, as the end of a sentence. */
  readonly validate?: (secret: string) => string | undefined;
}

/** A secret from the file that the option names, or asked for on the terminal, where it is not echoed. */
export async function readSecret(
  what: "password" | "passphrase",
  { file, question, isOptional = false, validate = () => undefined }: Question,
): Promise<string> {
  if (file !== undefined) {
    const secret = readSecretFile(what, file);
    const problem = validate(secret);
    if (problem === undefined) return secret;
    throw new CommandError(`the ${what} in ${file} ${problem}`, exitCodes.usage);
  }
  if (!canAsk()) {
    throw new CommandError(
      `there is no terminal to ask for the ${what} on: give it in a file, with --${what}-file`,
      exitCodes.usage,
    );
  }
  const answer = await ask({
    message: `${question} (is not shown)`,
    mask: "",
    output: process.stderr,
    clearOnError: true,
    validate(typed) {
      if (!typed) return isOptional ? undefined : `the ${what} is empty`;
      // Node has decoded it: what was not UTF-8 would be the same as any other such secret.
      if (typed.includes("\ufffd")) return "this is not UTF-8: set your terminal to UTF-8";
      const problem = validate(typed);
      return problem && `the ${what} ${problem}`;
    },
  });
  if (isCancel(answer)) throw new CommandError("cancelled", exitCodes.interrupted);
  return answer ?? "";
}

/** A password for a new account: a slip would lock its owner out, so that a person types it twice. */
export async function readNewPassword(question: Question): Promise<string> {
  for (;;) {
    const password = await readSecret("password", question);
    if (question.file !== undefined || (await readAgain("password", password))) return password;
  }
}

/** Has a secret typed again, and says so where it is another. */
export async function readAgain(what: "password" | "passphrase", secret: string): Promise<boolean> {
  const again = await readSecret(what, { question: `The same ${what} again` });
  if (again !== secret) await note(`The two ${what}s differ: type both again.`);
  return again === secret;
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
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CommandError(
      `the ${what} file cannot be read (${(error as Error).message})`,
      exitCodes.usage,
    );
  }
  // An editor ends the line; the secret does not have that.
  const secret = decodeText(bytes, `the ${what} file ${file}`).replace(/\r?\n$/, "");
  if (secret === "") throw new CommandError(`the ${what} file ${file} is empty`, exitCodes.usage);
  return secret;
}
