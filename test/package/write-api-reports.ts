// Writes docs/api/ again after an intended change of the public surface: npm run api
import { entries, reportOf } from "./api-report.js";

for (const name of Object.keys(entries) as (keyof typeof entries)[])
  reportOf(name, { write: true });
