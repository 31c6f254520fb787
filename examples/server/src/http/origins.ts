/**
 * Whether a page of this origin may open a WebSocket here, to which browsers apply no CORS. Programs other than browsers
 * send no origin.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host;
}
