// Writes api/ anew, after a change of the public surface that is meant: npm run api
import { entries, reportOf } from "./api-report.js";

for (const name of Object.keys(entries) as (keyof typeof entries)[])
  reportOf(name, { write: true });
