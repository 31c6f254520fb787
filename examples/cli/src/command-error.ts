import { LacreError } from "lacre";
import {
  ChatStartedOverError,
  ClientError,
  LoginEndedError,
  NotLoggedInError,
  ServerRejectionError,
  UnreachableError,
} from "lacre-client";
import { NotUtf8Error } from "lacre-client/node";

/** Exit codes of the program. `docs/cli.md` documents them. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  wrongPassphrase: 3,
  notLoggedIn: 4,
  unreachable: 5,
  interrupted: 130,
} as const;

/** An error for the user. The message says what happened, why, and what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Returns the message and the exit code for an error, or undefined for an unexpected error. */
export function failureOf(
  error: unknown,
): { readonly message: string; readonly exitCode: number } | undefined {
  if (error instanceof CommandError) return error;
  if (error instanceof NotUtf8Error) return { message: error.message, exitCode: exitCodes.usage };
  if (error instanceof NotLoggedInError) {
    return {
      message: "this profile is not logged in: run lacre-chat login, or register first",
      exitCode: exitCodes.notLoggedIn,
    };
  }
  if (error instanceof LoginEndedError) {
    return { message: `${error.message} (lacre-chat login)`, exitCode: exitCodes.notLoggedIn };
  }
  if (error instanceof UnreachableError) {
    return { message: error.message, exitCode: exitCodes.unreachable };
  }
  if (error instanceof ServerRejectionError) {
    const { status, message, retryAfter } = error;
    const advice = retryAfter === undefined ? "" : `: try again in ${retryAfter} s`;
    const exitCode = status === 401 ? exitCodes.notLoggedIn : exitCodes.failed;
    return { message: `${message}${advice}`, exitCode };
  }
  if (error instanceof LacreError && error.code === "ERR_WRONG_PASSPHRASE") {
    return {
      message: `${error.message}. Use the passphrase that the chat was created with`,
      exitCode: exitCodes.wrongPassphrase,
    };
  }
  if (error instanceof ChatStartedOverError) {
    return { message: error.message, exitCode: exitCodes.wrongPassphrase };
  }
  if (error instanceof ClientError || error instanceof LacreError) {
    return { message: error.message, exitCode: exitCodes.failed };
  }
  return undefined;
}
