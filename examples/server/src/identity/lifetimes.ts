/** Lifetimes in seconds. */
export const ACCESS_TOKEN_SECONDS = 3600;
export const REFRESH_TOKEN_SECONDS = 30 * 24 * 3600;
/** Seconds in which a device may repeat a refresh request whose answer was lost. */
export const REFRESH_GRACE_SECONDS = 30;
export const TICKET_SECONDS = 30;
/** Maximum seconds by which the clocks of two instances may differ. */
export const CLOCK_TOLERANCE = 5;
