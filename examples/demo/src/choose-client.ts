import type { Browser } from "playwright-core";
import { hasBrowser, launch } from "../../web/tools/browsers.js";
import { isTypeable } from "./page-participant.js";
import type { Line } from "./transcript.js";

/** The browser of benito's web client; or undefined and the reason why he uses the terminal client. */
export type ClientChoice =
  | { readonly browser: Browser }
  | { readonly browser: undefined; readonly reason: string };

/** Chooses the web client for benito if there is a browser and his lines can be typed into a page. Launches the browser. */
export async function chooseClient(lines: readonly Line[]): Promise<ClientChoice> {
  const terminal = (reason: string) => ({ browser: undefined, reason });
  if (!lines.every(({ speaker, text }) => speaker === "ana" || isTypeable(text))) {
    return terminal("his lines cannot all be typed into a page");
  }
  const name = (["chromium", "firefox"] as const).find(hasBrowser);
  if (name === undefined) {
    return terminal("no browser was found: set LACRE_CHROMIUM or LACRE_FIREFOX to the path of one");
  }
  try {
    // The demo handles signals itself: it must also stop the server and the clients.
    const options = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
    return { browser: await launch(name, options) };
  } catch (error) {
    return terminal(`${name} did not start: ${(error as Error).message.split("\n")[0]}`);
  }
}
