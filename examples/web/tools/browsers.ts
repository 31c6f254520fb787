import { existsSync } from "node:fs";
import { type Browser, chromium, firefox, type LaunchOptions } from "playwright-core";

export type BrowserName = "chromium" | "firefox";

/** Debian's. Another one can be named. */
export const PROGRAMS: Readonly<Record<BrowserName, string>> = {
  chromium: process.env.LACRE_CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.LACRE_FIREFOX ?? "/usr/bin/firefox-esr",
};

/** Without a network there is nothing to be fetched from the maker; for root there is no sandbox. */
const CHROMIUM_ARGS = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
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

export function launch(name: BrowserName, options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = PROGRAMS[name];
  return name === "chromium"
    ? chromium.launch({ ...options, executablePath, args: CHROMIUM_ARGS })
    : firefox.launch({ ...options, executablePath, channel: "moz-firefox" });
}
