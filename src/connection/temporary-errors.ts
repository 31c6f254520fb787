/** Error codes after which the same request may succeed later (S-14). */
export const TEMPORARY_ERRORS: readonly string[] = [
  "ERR_RATE_LIMITED",
  "ERR_UNAVAILABLE",
  "ERR_OUT_OF_ORDER",
];
