import { existsSync } from "node:fs";
import { type Browser, chromium, firefox } from "playwright-core";
import { describeIf } from "../../../test/support/optional.js";

export type BrowserName = "chromium" | "firefox";

/** Debian's. Another one can be named. */
const PROGRAMS: Readonly<Record<BrowserName, string>> = {
  chromium: process.env.LACRE_CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.LACRE_FIREFOX ?? "/usr/bin/firefox-esr",
};

/** As root and without a network there is no sandbox, and nothing to be fetched from the maker. */
const CHROMIUM_ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The browser's program, if it is there. */
export function hasBrowser(name: BrowserName): boolean {
  return existsSync(PROGRAMS[name]);
}

/** `describe` for suites in a browser. */
export function describeIn(name: BrowserName) {
  const variable = `LACRE_${name.toUpperCase()}`;
  return describeIf(hasBrowser(name), `${PROGRAMS[name]}, or the ${name} that ${variable} names`);
}

export function launch(name: BrowserName): Promise<Browser> {
  const executablePath = PROGRAMS[name];
  return name === "chromium"
    ? chromium.launch({ executablePath, args: CHROMIUM_ARGS })
    : firefox.launch({ executablePath, channel: "moz-firefox" });
}
