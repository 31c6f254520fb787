/** Meaning of a close code (RFC 6455, section 7.4) for a client. */
export interface CloseCode {
  /** Short description, such as `going away`. */
  readonly name: string;
  /** Whether the client may connect again. */
  readonly retry: boolean;
}

const names: Readonly<Record<number, string>> = {
  1000: "normal",
  1001: "going away",
  1006: "lost",
  1008: "policy",
  1009: "frame too big",
  1011: "server error",
  1012: "restart",
  1013: "try again later",
  4000: "protocol error",
  4001: "not authorised",
  4002: "no common wire",
  4003: "silent",
  4004: "too slow",
  4005: "replaced",
};
/** Close codes after which a client must not connect again. */
const final: readonly number[] = [1008, 1009, 4001, 4002, 4005];

/**
 * Returns the meaning of a close code. An unknown code has the name `unknown` and allows to connect again.
 *
 * ```ts
 * const { retry } = closeCode(1006); // true: the connection was lost
 * ```
 */
export function closeCode(code: number): CloseCode {
  return { name: names[code] ?? "unknown", retry: !final.includes(code) };
}

/** Close codes that the two ends of this protocol send. */
export const CLOSE = /* @__PURE__ */ Object.freeze({
  policy: 1008,
  tooBig: 1009,
  restart: 1012,
  tryAgainLater: 1013,
  protocolError: 4000,
  notAuthorised: 4001,
  noCommonWire: 4002,
  silent: 4003,
  tooSlow: 4004,
  replaced: 4005,
} as const);
