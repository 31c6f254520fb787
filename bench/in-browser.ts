// Bundled for a page, which is then asked for a report.
import { everywhere } from "./contenders/everywhere.js";
import type { Effort } from "./measure.js";
import { reportOn } from "./report.js";

Object.assign(globalThis, {
  report: (runtime: string, effort: Effort) => reportOn(runtime, everywhere, effort),
});
