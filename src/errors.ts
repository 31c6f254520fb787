/** The stable codes of the library's errors. Programs compare codes; messages may change. */
export type LacreErrorCode =
  | "ERR_MALFORMED"
  | "ERR_BOUND_EXCEEDED"
  | "ERR_VERIFY"
  | "ERR_EXPIRED"
  | "ERR_FROM_FUTURE"
  | "ERR_REPLAYED"
  | "ERR_REPLAY_GUARD_FULL"
  | "ERR_VALIDATION"
  | "ERR_NO_COMMON_WIRE"
  | "ERR_DECRYPT"
  | "ERR_KEY"
  | "ERR_UNSIGNED"
  | "ERR_WRONG_PASSPHRASE"
  | "ERR_STOPPED"
  | "ERR_SESSION_ENDED"
  | "ERR_NOT_STORED"
  | "ERR_DEVICE_LOG_INVALID"
  | "ERR_DEVICE_LOG_FORK"
  | "ERR_DEVICE_LOG_BEHIND"
  | "ERR_COMMIT_PENDING"
  | "ERR_NOT_IN_GROUP"
  | "ERR_HISTORY_INVALID";

/**
 * Base class of all errors that the library throws.
 *
 * ```ts
 * if (error instanceof LacreError && error.code === "ERR_REPLAYED") return;
 * ```
 */
export class LacreError extends Error {
  override readonly name: string = "LacreError";
  /** What failed. */
  readonly code: LacreErrorCode;

  constructor(code: LacreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The bytes are not a frame, or not of the expected layout: malformed (`ERR_MALFORMED`), or over a limit (`ERR_BOUND_EXCEEDED`). */
export class DecodeError extends LacreError {
  override readonly name = "DecodeError";
  declare readonly code: "ERR_MALFORMED" | "ERR_BOUND_EXCEEDED";

  constructor(
    message: string,
    options?: ErrorOptions & { code?: "ERR_MALFORMED" | "ERR_BOUND_EXCEEDED" },
  ) {
    super(options?.code ?? "ERR_MALFORMED", message, options);
  }
}

/** The signature of a frame is missing, wrong, or of another key. The error does not reveal which. */
export class VerifyError extends LacreError {
  override readonly name = "VerifyError";
  declare readonly code: "ERR_VERIFY";

  constructor() {
    super("ERR_VERIFY", "the frame is not authentic under this key");
  }
}

/** An authentic frame is too old, from the future, or was received before; or the replay guard is full. */
export class FreshnessError extends LacreError {
  override readonly name = "FreshnessError";
  declare readonly code:
    | "ERR_EXPIRED"
    | "ERR_FROM_FUTURE"
    | "ERR_REPLAYED"
    | "ERR_REPLAY_GUARD_FULL";

  constructor(code: FreshnessError["code"], message: string) {
    super(code, message);
  }
}

/** One problem of a value. It does not contain the value. */
export interface ValidationIssue {
  /** Keys and indices that lead to the problem; keys are cut to 64 characters. */
  readonly path: readonly PropertyKey[];
  /** The problem, in English. */
  readonly message: string;
}

/** A value does not match its schema, or cannot be encoded in a frame. */
export class ValidationError extends LacreError {
  override readonly name = "ValidationError";
  declare readonly code: "ERR_VALIDATION";
  /** The first 16 problems. */
  readonly issues: readonly ValidationIssue[];

  /** @param subject - Name of the validated value, such as a message type or an argument. */
  constructor(subject: string, issues: readonly ValidationIssue[], options?: ErrorOptions) {
    const first = issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
      path: path.map((key) => (typeof key === "string" ? key.slice(0, MAX_KEY_UNITS) : key)),
      message,
    }));
    const lines = first.map(({ path, message }) =>
      path.length === 0 ? message : `${path.map(printable).join(".")}: ${message}`,
    );
    if (issues.length > first.length) lines.push(`and ${issues.length - first.length} more`);
    super("ERR_VALIDATION", `${subject}: ${lines.join("; ")}`, options);
    this.issues = first;
  }
}

// The sender chooses the number of issues and the text of keys. These limits keep errors short, and `printable` keeps line
// breaks out of logs.
const MAX_ISSUES = 16;
const MAX_KEY_UNITS = 64;

function printable(key: PropertyKey): string {
  const text = String(key);
  return /^[\w-]+$/.test(text) ? text : JSON.stringify(text);
}

/**
 * Ciphertext does not decrypt under this key, or its plaintext is malformed. The error does not reveal which.
 */
export class DecryptError extends LacreError {
  override readonly name = "DecryptError";
  declare readonly code: "ERR_DECRYPT";

  constructor() {
    super("ERR_DECRYPT", "the content does not decrypt under this key");
  }
}

/** A key is invalid (`ERR_KEY`), missing (`ERR_UNSIGNED`), or not the chat's (`ERR_WRONG_PASSPHRASE`). */
export class KeyError extends LacreError {
  override readonly name = "KeyError";
  declare readonly code: "ERR_KEY" | "ERR_UNSIGNED" | "ERR_WRONG_PASSPHRASE";

  constructor(message: string, options?: ErrorOptions & { code?: KeyError["code"] }) {
    super(options?.code ?? "ERR_KEY", message, options);
  }
}
