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
