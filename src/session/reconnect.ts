/** Maximum delay after a stable connection, in seconds. It doubles with each failure up to `MAX_DELAY`. */
const FIRST_DELAY = 0.5;
const MAX_DELAY = 30;

/** Whether a close code (1012 or 1013) asks the client to reconnect later, at a random time. */
export const asksToReconnectLater = (code: number): boolean => code === 1012 || code === 1013;

/**
 * Returns the seconds to wait before the next connection attempt after `failures` consecutive failures. The delay is
 * exponential with full jitter, so that the clients of a restarted server do not reconnect together. `random` is in [0, 1);
 * `within` is the time in seconds over which the server wants its clients to reconnect, 0 if it named none.
 */
export function reconnectDelay(failures: number, random: number, within = 0): number {
  return random * Math.max(within, Math.min(MAX_DELAY, FIRST_DELAY * 2 ** failures));
}
