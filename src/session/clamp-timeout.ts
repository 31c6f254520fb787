const MIN_TIMEOUT = 0.1;
const MAX_TIMEOUT = 3600;

/**
 * Limits a time that a server names to 0.1 to 3,600 seconds. With less, a malicious server could make the client busy; with
 * more, it could stop the client forever.
 */
export function clampTimeout(seconds: number): number {
  return Math.min(MAX_TIMEOUT, Math.max(MIN_TIMEOUT, seconds));
}
