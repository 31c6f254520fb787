import { readFileSync } from "node:fs";
import { password as ask, isCancel } from "@clack/prompts";
import { exitCodes, Failure } from "./failure.js";
import type { Options } from "./options.js";

/** A secret from the file that the option names, or asked for on the terminal, where it is not echoed. */
export async function readSecret(
  what: "password" | "passphrase",
  { file, question }: { file: string | undefined; question: string },
): Promise<string> {
  if (file !== undefined) return readSecretFile(what, file);
  if (!process.stdin.isTTY) {
    throw new Failure(
      `there is no terminal to ask for the ${what} on: give it in a file, with --${what}-file`,
      exitCodes.usage,
    );
  }
  const answer = await ask({
    message: question,
    validate: (typed) => (typed ? undefined : `the ${what} is empty`),
  });
  if (isCancel(answer)) throw new Failure("cancelled");
  return answer;
}

/** The passphrase that the members of a chat agreed on. */
export function readPassphrase(
  { passphraseFile }: Options,
  peer: string | undefined,
): Promise<string> {
  return readSecret("passphrase", {
    file: passphraseFile,
    question:
      peer === undefined ? "Your chats' passphrase" : `The passphrase you share with ${peer}`,
  });
}

/** The passphrase for a chat that begins: a slip would lock the peer out, so a person types it twice. */
export async function readNewPassphrase(
  { passphraseFile: file }: Options,
  peer: string,
): Promise<string> {
  const question = `A passphrase for your new chat with ${peer}, who must know it too`;
  const passphrase = await readSecret("passphrase", { file, question });
  const again = await readSecret("passphrase", { file, question: "The same passphrase again" });
  if (again === passphrase) return passphrase;
  throw new Failure("the two passphrases differ, and no chat was begun: try again");
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
