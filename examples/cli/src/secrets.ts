import { readFileSync } from "node:fs";
import { password as ask, isCancel } from "@clack/prompts";
import { decodeText } from "lacre-client/node";
import { CommandError, exitCodes } from "./command-error.js";
import type { Options } from "./options.js";
import { note } from "./printing.js";

/** Returns whether there is a terminal to ask the user. Questions go to standard error: standard output may be a file. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

type Secret = "password" | "passphrase" | "recovery key";

export interface Question {
  /** Path of a file with the secret. If it is given, the user is not asked. */
  readonly file?: string | undefined;
  readonly question: string;
  /** Whether the answer may be empty. */
  readonly isOptional?: boolean;
  /** Returns what is wrong with a secret, as the end of a sentence, or undefined. */
  readonly validate?: (secret: string) => string | undefined;
}

/**
 * Reads a secret from a file, or asks for it in the terminal without echoing it.
 *
 * @throws {CommandError} if the file or the terminal cannot be read, the secret is invalid, or the user cancels the question.
 */
export async function readSecret(
  what: Secret,
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
      `there is no terminal to ask for the ${what}: give it in a file with --${what.replace(" ", "-")}-file`,
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
      // Node replaces invalid UTF-8 when it decodes the input, so different secrets could become equal.
      if (typed.includes("\ufffd")) return "this is not UTF-8: set your terminal to UTF-8";
      const problem = validate(typed);
      return problem && `the ${what} ${problem}`;
    },
  });
  if (isCancel(answer)) throw new CommandError("cancelled", exitCodes.interrupted);
  return answer ?? "";
}

/** Reads a password for a new account. The user types it twice, because a mistyped password would make it useless. */
export async function readNewPassword(question: Question): Promise<string> {
  for (;;) {
    const password = await readSecret("password", question);
    if (question.file !== undefined || (await readAgain("password", password))) return password;
  }
}

/** Asks for a secret a second time. Returns whether both are equal, and prints a message if they are not. */
export async function readAgain(what: "password" | "passphrase", secret: string): Promise<boolean> {
  const again = await readSecret(what, { question: `The same ${what} again` });
  if (again !== secret) await note(`The two ${what}s differ: type both again.`);
  return again === secret;
}

/** Reads the passphrase of an existing chat, or if `peer` is undefined, of several chats. */
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
  // Editors add a line end, which is not part of the secret.
  const secret = decodeText(bytes, `the ${what} file ${file}`).replace(/\r?\n$/, "");
  if (secret === "") throw new CommandError(`the ${what} file ${file} is empty`, exitCodes.usage);
  return secret;
}
