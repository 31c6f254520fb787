/** The stable code of every error that the library throws: what a program tests, where a message is for people. */
export type LacreErrorCode =
  | "ERR_MALFORMED"
  | "ERR_BOUND_EXCEEDED"
  | "ERR_VERIFY"
  | "ERR_EXPIRED"
  | "ERR_FROM_FUTURE"
  | "ERR_REPLAYED"
  | "ERR_REPLAY_GUARD_FULL"
  | "ERR_VALIDATION"
  | "ERR_DECRYPT"
  | "ERR_KEY"
  | "ERR_UNSIGNED"
  | "ERR_WRONG_PASSPHRASE";

/**
 * The one ancestor of everything that the library throws.
 *
 * ```ts
 * if (error instanceof LacreError && error.code === "ERR_REPLAYED") return;
 * ```
 */
export class LacreError extends Error {
  override readonly name: string = "LacreError";
  readonly code: LacreErrorCode;

  constructor(code: LacreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * Bytes that are not a frame: malformed (`ERR_MALFORMED`) or beyond a bound (`ERR_BOUND_EXCEEDED`).
 * Thrown before anything in them is believed.
 */
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

/** A frame whose signature is missing, wrong, or of another key. It never says which. */
export class VerifyError extends LacreError {
  override readonly name = "VerifyError";
  declare readonly code: "ERR_VERIFY";

  constructor() {
    super("ERR_VERIFY", "the frame is not authentic under this key");
  }
}

/** An authentic frame that comes too late, too early, or once more; or for which the replay guard has no room. */
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

/** One thing that is wrong with a value, and where. It never holds the value itself. */
export interface ValidationIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** A value that does not fit its schema, or that no frame can carry. It has the first 16 issues. */
export class ValidationError extends LacreError {
  override readonly name = "ValidationError";
  declare readonly code: "ERR_VALIDATION";
  readonly issues: readonly ValidationIssue[];

  /** `subject` names what was validated: a message type, an argument. */
  constructor(subject: string, issues: readonly ValidationIssue[], options?: ErrorOptions) {
    const kept = issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({
      path: path.map((key) => (typeof key === "string" ? key.slice(0, MAX_KEY_UNITS) : key)),
      message,
    }));
    const lines = kept.map(({ path, message }) =>
      path.length === 0 ? message : `${path.map(printable).join(".")}: ${message}`,
    );
    if (issues.length > kept.length) lines.push(`and ${issues.length - kept.length} more`);
    super("ERR_VALIDATION", `${subject}: ${lines.join("; ")}`, options);
    this.issues = kept;
  }
}

// What is wrong is counted by the sender, and keys are the sender's text: an error must not grow with them, nor
// bring line breaks into a log.
const MAX_ISSUES = 16;
const MAX_KEY_UNITS = 64;

function printable(key: PropertyKey): string {
  const text = String(key);
  return /^[\w-]+$/.test(text) ? text : JSON.stringify(text);
}

/** Ciphertext that does not decrypt under this key, or not to something that an honest peer would have sent. It never says why. */
export class DecryptError extends LacreError {
  override readonly name = "DecryptError";
  declare readonly code: "ERR_DECRYPT";

  constructor() {
    super("ERR_DECRYPT", "the content does not decrypt under this key");
  }
}

/** A key that cannot be used (`ERR_KEY`), that is missing (`ERR_UNSIGNED`), or that is another than the peer's (`ERR_WRONG_PASSPHRASE`). */
export class KeyError extends LacreError {
  override readonly name = "KeyError";
  declare readonly code: "ERR_KEY" | "ERR_UNSIGNED" | "ERR_WRONG_PASSPHRASE";

  constructor(message: string, options?: ErrorOptions & { code?: KeyError["code"] }) {
    super(options?.code ?? "ERR_KEY", message, options);
  }
}
