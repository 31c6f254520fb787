/** Runs of each property: LACRE_PROPERTY_RUNS, 1,000 by default. */
export const numRuns = Number(import.meta.env.LACRE_PROPERTY_RUNS ?? 1000);
/** Milliseconds that a property may take, on a busy machine too. */
export const TIMEOUT = 60_000 + 60 * numRuns;
