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

/** What a script may tell from how the program ended. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  wrongPassphrase: 3,
  notLoggedIn: 4,
  unreachable: 5,
  interrupted: 130,
} as const;

/** Something that the person at the terminal should read: what happened, why, and what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** How the program ends for an error, and what it says; undefined for one that it should not have come to. */
export function endOf(
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
      message: `${error.message}. Use the one that the chat was begun with`,
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
