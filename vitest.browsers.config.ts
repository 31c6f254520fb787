import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";
import { libraryOn } from "./test/runtimes/library.js";

// Debian's browsers: playwright's own would have to be downloaded.
const chromium = playwright({
  launchOptions: {
    executablePath: process.env.LACRE_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  },
});
const firefox = playwright({
  launchOptions: {
    channel: "moz-firefox",
    executablePath: process.env.LACRE_FIREFOX ?? "/usr/bin/firefox-esr",
  },
});

const inBrowser = (name: "chromium" | "firefox", provider: typeof chromium) =>
  libraryOn("none", {
    name,
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      provider,
      instances: [{ browser: name, provider }],
    },
  });

/** The library's tests in browsers: npm run test:browsers. */
export default defineConfig({
  test: { projects: [inBrowser("chromium", chromium), inBrowser("firefox", firefox)] },
});
