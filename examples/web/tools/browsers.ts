import { existsSync } from "node:fs";
import { type Browser, chromium, firefox, type LaunchOptions } from "playwright-core";

export type BrowserName = "chromium" | "firefox";

/** Paths of the browsers. By default those of Debian's packages. */
export const PROGRAMS: Readonly<Record<BrowserName, string>> = {
  chromium: process.env.LACRE_CHROMIUM ?? "/usr/bin/chromium",
  firefox: process.env.LACRE_FIREFOX ?? "/usr/bin/firefox-esr",
};

/** Chromium has no sandbox for root. The other options turn off its background requests. */
const CHROMIUM_ARGS = [
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Whether a browser is installed. */
export function hasBrowser(name: BrowserName): boolean {
  return existsSync(PROGRAMS[name]);
}

export function launch(name: BrowserName, options: LaunchOptions = {}): Promise<Browser> {
  const executablePath = PROGRAMS[name];
  return name === "chromium"
    ? chromium.launch({ ...options, executablePath, args: CHROMIUM_ARGS })
    : firefox.launch({ ...options, executablePath, channel: "moz-firefox" });
}
