/** Something that went wrong between a client and its server, or on its own disk, for a person to read. */
export abstract class ClientError extends Error {
  /** Stable, as those of the server's refusals are. */
  abstract readonly code: string;
}

/** The server refused a request; `code` is its own. */
export class ServerRejectionError extends ClientError {
  override readonly name = "ServerRejectionError";
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
export class UnreachableError extends ClientError {
  override readonly name = "UnreachableError";
  override readonly code = "ERR_UNREACHABLE";

  constructor(server: string, reason: string) {
    super(`no answer from ${server} (${reason}): ${adviceFor(reason)}`);
  }
}

/** OpenSSL's codes for certificates that are not trusted, or that are for another name. */
const CERTIFICATE = /CERT|ISSUER|LEAF_SIGNATURE|ALTNAME/;

function adviceFor(reason: string): string {
  if (CERTIFICATE.test(reason)) {
    return (
      "its certificate is not trusted. Check the address; if you made the certificate yourself, name the file of its authority in " +
      "NODE_EXTRA_CA_CERTS"
    );
  }
  if (reason.startsWith("ERR_SSL"))
    return "it does not speak TLS. Does its address begin with http://?";
  return "is the server running, and its address right?";
}

/** The address redirects. A client does not follow: a password or a token would go to an address that the user did not choose. */
export class RedirectedError extends ClientError {
  override readonly name = "RedirectedError";
  override readonly code = "ERR_REDIRECTED";

  /** `to` is not known in browsers. */
  constructor(server: string, to: string | null) {
    super(
      `${server} redirects to ${to ?? "another address"}, and nothing was sent there: if you trust that address, use it as the server's`,
    );
  }
}

/** Something answered, and not as the protocol has it. */
export class NotThisProtocolError extends ClientError {
  override readonly name = "NotThisProtocolError";
  override readonly code = "ERR_NOT_THIS_PROTOCOL";

  constructor(server: string, what: string) {
    super(`${server} answered ${what}: is it a lacre server?`);
  }
}

/** No account is logged in here. */
export class NotLoggedInError extends ClientError {
  override readonly name = "NotLoggedInError";
  override readonly code = "ERR_NOT_LOGGED_IN";

  constructor() {
    super("no account is logged in here: log in, or register first");
  }
}

const WHY_ENDED = {
  ended: "the server does not accept this login any more: log in again",
  "answer lost":
    "the login was renewed and the server's answer got lost. When it was asked again, too late, that looked like a theft, and the " +
    "server ended the login: log in again. Nothing that you wrote is lost",
} as const;

/** The login is over; only the password begins another. */
export class LoginEndedError extends ClientError {
  override readonly name = "LoginEndedError";
  override readonly code = "ERR_LOGIN_ENDED";
  readonly reason: keyof typeof WHY_ENDED;

  constructor(reason: keyof typeof WHY_ENDED) {
    super(WHY_ENDED[reason]);
    this.reason = reason;
  }
}

/** The server closed the connection for good. */
export class SessionEndedError extends ClientError {
  override readonly name = "SessionEndedError";
  override readonly code = "ERR_SESSION_ENDED";

  constructor(why: string) {
    super(`the server ended the session (${why}): start again later`);
  }
}

/** Why nothing is sent or read in a chat any more, until it is opened again. */
export abstract class ChatClosedError extends ClientError {}

/** A chat was given another passphrase: its earlier key is not used any more. */
export class ChatStartedOverError extends ChatClosedError {
  override readonly name = "ChatStartedOverError";
  override readonly code = "ERR_CHAT_STARTED_OVER";

  constructor(peerName: string) {
    super(
      `your chat with ${peerName} was started over with a new passphrase: what was in it is gone, and nothing is sent with ` +
        "the earlier passphrase. Open it again with the new one",
    );
  }
}

/** The server says something else of a chat than before, which must never change: nothing is sent or read there. */
export class ChatChangedError extends ChatClosedError {
  override readonly name = "ChatChangedError";
  override readonly code = "ERR_CHAT_CHANGED";

  constructor(peerName: string, fields: readonly string[]) {
    super(
      `the server changed ${fields.join(", ")} of your chat with ${peerName}, which must never change: ` +
        "nothing was sent. Ask the server's operator",
    );
  }
}

/** A chat whose key cannot be made, because the server has no parameters for it. */
export class ChatNotEncryptedError extends ChatClosedError {
  override readonly name = "ChatNotEncryptedError";
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
