/** In seconds. */
export const ACCESS_TOKEN_SECONDS = 3600;
export const REFRESH_TOKEN_SECONDS = 30 * 24 * 3600;
export const TICKET_SECONDS = 30;
/** By which the clocks of two instances may differ. */
export const CLOCK_TOLERANCE = 5;
