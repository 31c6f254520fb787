/** Path of the page: `/`, or for example `/lacre/`. */
const path = new URL(".", location.href).pathname;

/** Base URL of the server that served the page, as `readServerAddress` returns it. */
export const PAGE_SERVER = location.origin + path.replace(/\/$/, "");

/**
 * Returns a name for a database, lock or channel of this page. Pages on other paths of the origin may use other servers, but
 * share all databases, locks and channels.
 */
export function nameHere(name: string): string {
  return path === "/" ? name : `${name} ${path}`;
}
