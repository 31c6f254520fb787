/** The path under which the page is served: `/`, or such as `/lacre/`. */
const path = new URL(".", location.href).pathname;

/** The server that the page comes from, as `readServerAddress` returns it. */
export const PAGE_SERVER = location.origin + path.replace(/\/$/, "");

/**
 * Returns a name for what the browser keeps for this page alone. An origin may have several such pages, under different
 * paths and with different servers behind them, and all of these share its databases, locks and channels.
 */
export function nameHere(name: string): string {
  return path === "/" ? name : `${name} ${path}`;
}
