import { describeIf } from "../../../test/support/optional.js";
import { type BrowserName, hasBrowser, PROGRAMS } from "../tools/browsers.js";

/** Returns `describe` for tests in a browser. It skips them if the browser is not installed. */
export function describeInBrowser(name: BrowserName) {
  const variable = `LACRE_${name.toUpperCase()}`;
  return describeIf(hasBrowser(name), `${PROGRAMS[name]}, or the ${name} that ${variable} names`);
}
