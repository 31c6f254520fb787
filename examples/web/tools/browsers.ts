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

/** Maximum time until a browser has started, in milliseconds. Playwright's 30 seconds are too short for a busy machine. */
const TIMEOUT = 120_000;

export function launch(name: BrowserName, options: LaunchOptions = {}): Promise<Browser> {
  const all = { timeout: TIMEOUT, ...options, executablePath: PROGRAMS[name] };
  return name === "chromium"
    ? chromium.launch({ ...all, args: CHROMIUM_ARGS })
    : firefox.launch({ ...all, channel: "moz-firefox" });
}
