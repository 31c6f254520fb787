/** What a close code (RFC 6455, section 7.4) means for a client. */
export interface CloseCode {
  readonly name: string;
  /** Whether to connect again. */
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
const final: readonly number[] = [1008, 1009, 4001, 4002, 4005];

/** What a close code means; one that nobody knows says to connect again. */
export function closeCode(code: number): CloseCode {
  return { name: names[code] ?? "unknown", retry: !final.includes(code) };
}

/** The codes that ends of this protocol close with. */
export const CLOSE = {
  policy: 1008,
  tooBig: 1009,
  restart: 1012,
  protocolError: 4000,
  notAuthorised: 4001,
  noCommonWire: 4002,
  silent: 4003,
  tooSlow: 4004,
  replaced: 4005,
} as const;

const FIRST_DELAY = 0.5;
const LONGEST_DELAY = 30;

/**
 * Seconds to wait before the connection attempt after `failures` in a row: exponential with full jitter, so that the
 * clients of a server that comes back do not come all at once. `random` is from [0, 1).
 */
export function reconnectDelay(failures: number, random: number): number {
  return random * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** failures);
}
