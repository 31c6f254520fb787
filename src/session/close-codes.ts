/** What a close code (RFC 6455, section 7.4) means for a client. */
export interface CloseCode {
  readonly name: string;
  /** Whether to connect again. */
  readonly retry: boolean;
}

const known: Readonly<Record<number, CloseCode>> = {
  1000: { name: "normal", retry: true },
  1001: { name: "going away", retry: true },
  1006: { name: "lost", retry: true },
  1008: { name: "policy", retry: false },
  1009: { name: "frame too big", retry: false },
  1011: { name: "server error", retry: true },
  1012: { name: "restart", retry: true },
  1013: { name: "try again later", retry: true },
  4000: { name: "protocol error", retry: true },
  4001: { name: "not authorised", retry: false },
  4002: { name: "no common wire", retry: false },
  4003: { name: "silent", retry: true },
  4004: { name: "too slow", retry: true },
  4005: { name: "replaced", retry: false },
};

/** What a close code means; one that nobody knows says to connect again. */
export function closeCode(code: number): CloseCode {
  return known[code] ?? { name: "unknown", retry: true };
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
