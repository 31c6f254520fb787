/** Error of a request, a connection or a store. The message is for users. */
export abstract class ClientError extends Error {
  /** Stable code, like those of the server's errors. */
  abstract readonly code: string;
}

/** Thrown if the server rejects a request. `code` is the server's error code. */
export class ServerRejectionError extends ClientError {
  override readonly name = "ServerRejectionError";
  readonly code: string;
  readonly status: number;
  /** Seconds after which the client may retry, if the server sent them. */
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

/** Thrown if no response arrives. Whether the server received the request is unknown. */
export class UnreachableError extends ClientError {
  override readonly name = "UnreachableError";
  override readonly code = "ERR_UNREACHABLE";

  constructor(server: string, reason: string) {
    super(`no answer from ${server} (${reason}): ${adviceFor(reason)}`);
  }
}

/** OpenSSL's error codes for untrusted certificates, and for certificates of another name. */
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

/**
 * Thrown if the server redirects. The client does not follow, because it would send a password or token to an address that
 * the user did not choose.
 */
export class RedirectedError extends ClientError {
  override readonly name = "RedirectedError";
  override readonly code = "ERR_REDIRECTED";

  /** `to` is null in browsers, which hide it. */
  constructor(server: string, to: string | null) {
    super(
      `${server} redirects to ${to ?? "another address"}, and nothing was sent there: if you trust that address, use it as the server's`,
    );
  }
}

/** Thrown if a response does not match the protocol. */
export class NotThisProtocolError extends ClientError {
  override readonly name = "NotThisProtocolError";
  override readonly code = "ERR_NOT_THIS_PROTOCOL";

  constructor(server: string, what: string) {
    super(`${server} answered ${what}: is it a lacre server?`);
  }
}

/** Thrown if no account is logged in. */
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

/** Thrown if the login has ended. The user must enter the password again. */
export class LoginEndedError extends ClientError {
  override readonly name = "LoginEndedError";
  override readonly code = "ERR_LOGIN_ENDED";
  readonly reason: keyof typeof WHY_ENDED;

  constructor(reason: keyof typeof WHY_ENDED) {
    super(WHY_ENDED[reason]);
    this.reason = reason;
  }
}

/** Thrown if the server closed the connection with a code after which clients do not reconnect. */
export class SessionEndedError extends ClientError {
  override readonly name = "SessionEndedError";
  override readonly code = "ERR_SESSION_ENDED";

  constructor(why: string) {
    super(`the server ended the session (${why}): start again later`);
  }
}

/** Thrown if a text is sent after the messenger was stopped. The text is not sent. */
export class StoppedError extends ClientError {
  override readonly name = "StoppedError";
  override readonly code = "ERR_STOPPED";

  constructor() {
    super("the messenger was stopped, and the text is not sent: start it again");
  }
}

/** Thrown if a chat is closed: until it is opened again, nothing in it is sent or decrypted. */
export abstract class ChatClosedError extends ClientError {}

/** Thrown if a chat was restarted with another passphrase. Its previous key is no longer used. */
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

/** Thrown if the server changed a pinned field of a chat. The chat is closed. */
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

/** Thrown if the server has no key parameters for a chat. */
export class ChatNotEncryptedError extends ChatClosedError {
  override readonly name = "ChatNotEncryptedError";
  override readonly code = "ERR_CHAT_NOT_ENCRYPTED";

  constructor(peerName: string) {
    super(`the chat with ${peerName} has no key parameters: it is not encrypted, and not used`);
  }
}

/** Thrown if the server gives the name of a known user to another one. */
export class UserChangedError extends ClientError {
  override readonly name = "UserChangedError";
  override readonly code = "ERR_USER_CHANGED";

  constructor(username: string) {
    super(`the server says that ${username} is another user than before`);
  }
}

/** Thrown if a store cannot be read or written. */
export class StoreError extends ClientError {
  override readonly name = "StoreError";
  override readonly code = "ERR_STORE";
}
