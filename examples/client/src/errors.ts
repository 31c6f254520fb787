/** Something that went wrong between a client and its server, or on its own disk, for a person to read. */
export abstract class ClientError extends Error {
  /** Stable, as those of the server's refusals are. */
  abstract readonly code: string;
}

/** The server refused a request; `code` is its own. */
export class ServerRefusal extends ClientError {
  override readonly name = "ServerRefusal";
  readonly code: string;
  readonly status: number;
  /** Seconds after which the same may be asked again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor(
    { error_code, error_message }: { readonly error_code: string; readonly error_message: string },
    status: number,
    retryAfter: number | undefined,
  ) {
    super(`${error_message} (${error_code})`);
    this.code = error_code;
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** No answer came: the server is not there, or the network is not. Whether it was asked is not known. */
export class Unreachable extends ClientError {
  override readonly name = "Unreachable";
  override readonly code = "ERR_UNREACHABLE";

  constructor(server: string, reason: string) {
    super(`no answer from ${server} (${reason}): is the server running, and its address right?`);
  }
}

/** Something answered, and not as the protocol has it. */
export class NotThisProtocol extends ClientError {
  override readonly name = "NotThisProtocol";
  override readonly code = "ERR_NOT_THIS_PROTOCOL";

  constructor(server: string, what: string) {
    super(`${server} answered ${what}: is it a lacre server?`);
  }
}

/** Nobody is logged in here. */
export class NotLoggedIn extends ClientError {
  override readonly name = "NotLoggedIn";
  override readonly code = "ERR_NOT_LOGGED_IN";

  constructor() {
    super("nobody is logged in here: log in, or register first");
  }
}

const WHY_ENDED = {
  ended: "the server does not accept this login any more: log in again",
  "answer lost":
    "the login was renewed and the server's answer got lost, so that its repetition looked like a theft and the server ended the login: " +
    "log in again. Nothing that you wrote is lost",
} as const;

/** The login is over; only the password begins another. */
export class LoginEnded extends ClientError {
  override readonly name = "LoginEnded";
  override readonly code = "ERR_LOGIN_ENDED";
  readonly reason: keyof typeof WHY_ENDED;

  constructor(reason: keyof typeof WHY_ENDED) {
    super(WHY_ENDED[reason]);
    this.reason = reason;
  }
}

/** The server closed the connection for good. */
export class SessionEnded extends ClientError {
  override readonly name = "SessionEnded";
  override readonly code = "ERR_SESSION_ENDED";

  constructor(why: string) {
    super(`the server ended the session (${why}): start again later`);
  }
}

/** The server says something else of a chat than before, which must never change: nothing is sent or read there. */
export class ChatChanged extends ClientError {
  override readonly name = "ChatChanged";
  override readonly code = "ERR_CHAT_CHANGED";

  constructor(peerName: string, fields: readonly string[]) {
    super(
      `the server changed ${fields.join(", ")} of your chat with ${peerName}, which must never change: ` +
        "nothing was sent. Ask whoever runs the server",
    );
  }
}

/** A chat whose key cannot be made, because nobody said from what. */
export class ChatNotEncrypted extends ClientError {
  override readonly name = "ChatNotEncrypted";
  override readonly code = "ERR_CHAT_NOT_ENCRYPTED";

  constructor(peerName: string) {
    super(`the chat with ${peerName} has no key parameters: it is not encrypted, and not used`);
  }
}

/** What a client keeps cannot be read or written. */
export class StoreError extends ClientError {
  override readonly name = "StoreError";
  override readonly code = "ERR_STORE";
}
