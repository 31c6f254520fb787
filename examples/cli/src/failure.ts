import { CLOSE, closeCode } from "lacre/session";

/** What a script may tell from how the program ended. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  wrongPassphrase: 3,
  notLoggedIn: 4,
  unreachable: 5,
} as const;

/** Something that the person at the terminal should read: what happened, why, and what to do. */
export class Failure extends Error {
  override readonly name: string = "Failure";
  /** The server's stable code, where it refused. */
  readonly code: string | undefined = undefined;
  readonly exitCode: number;

  constructor(message: string, exitCode: number = exitCodes.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The server's refusal of a request, by its stable code. */
export class ServerRefusal extends Failure {
  override readonly name = "ServerRefusal";
  override readonly code: string;

  constructor(code: string, message: string, exitCode?: number) {
    super(`${message} (${code})`, exitCode);
    this.code = code;
  }
}

/** Whether the server could not be asked at all. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof Failure && error.exitCode === exitCodes.unreachable;
}

/** Why a session does not go on, by the close code of its last connection. */
export function sessionEnded(code: number): Failure {
  return code === CLOSE.notAuthorised || code === CLOSE.policy
    ? new Failure(
        "the server does not accept this login any more: log in again, with lacre-chat login",
        exitCodes.notLoggedIn,
      )
    : new Failure(`the server ended the session (${closeCode(code).name}): start again later`);
}
