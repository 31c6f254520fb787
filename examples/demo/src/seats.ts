import type { Browser } from "playwright-core";
import { hasBrowser, launch } from "../../web/tools/browsers.js";
import { isTypeable } from "./page-actor.js";
import type { Line } from "./transcript.js";

/** Where benito sits: before a page, where there is a browser and his lines can be typed there; and why he does not. */
export type Seat =
  | { readonly browser: Browser }
  | { readonly browser: undefined; readonly reason: string };

export async function findSeat(lines: readonly Line[]): Promise<Seat> {
  const atTerminal = (reason: string) => ({ browser: undefined, reason });
  if (!lines.every(({ speaker, text }) => speaker === "ana" || isTypeable(text))) {
    return atTerminal("what benito says cannot all be typed into a page");
  }
  const name = (["chromium", "firefox"] as const).find(hasBrowser);
  if (name === undefined) {
    return atTerminal("no browser was found: LACRE_CHROMIUM or LACRE_FIREFOX may name one");
  }
  try {
    // Signals are the demo's to hear, which has more to close than the browser.
    const options = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
    return { browser: await launch(name, options) };
  } catch (error) {
    return atTerminal(`${name} did not start: ${(error as Error).message.split("\n")[0]}`);
  }
}
