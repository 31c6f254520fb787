import { describeIf } from "../../../test/support/optional.js";
import { type BrowserName, hasBrowser, PROGRAMS } from "../tools/browsers.js";

/** `describe` for suites in a browser. */
export function describeIn(name: BrowserName) {
  const variable = `LACRE_${name.toUpperCase()}`;
  return describeIf(hasBrowser(name), `${PROGRAMS[name]}, or the ${name} that ${variable} names`);
}
