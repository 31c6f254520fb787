// Entry point of the bundle for a browser page, which makes the report there.
import { everywhere } from "./contenders/everywhere.js";
import type { Effort } from "./measure.js";
import { reportOn } from "./report.js";

Object.assign(globalThis, {
  report: (runtime: string, effort: Effort) => reportOn(runtime, everywhere, effort),
});
