/// <reference types="vite/types/importMeta.d.ts" />

/** Whether this is the quick suite, `npm test`, and not the complete one, `npm run test:all`. */
export const isQuick = import.meta.env.LACRE_TESTS === "quick";

/** Whether this is what `npm test` leaves out, which .ci/run runs after it. */
export const isRemaining = import.meta.env.LACRE_TESTS === "remaining";

/** Whether this is the suite on one machine in CI, which leaves out what needs most time. The value is the number of commits. */
export const isShortened = import.meta.env.LACRE_SHORTENED !== undefined;

/** Number of runs of a property or simulation: `complete`, or a tenth of it in the quick suite. */
export const runs = (complete: number): number => (isQuick ? Math.ceil(complete / 10) : complete);

/** Runs of each property in test/property. */
export const propertyRuns = Number(import.meta.env.LACRE_PROPERTY_RUNS ?? runs(1000));
/** Number of plans that the simulation of sessions runs. */
export const simulationPlans = Number(import.meta.env.LACRE_SIMULATIONS ?? runs(1000));
/** Number of plans that the simulation of MLS chats runs, and the seed of the first one. */
export const mlsPlans = Number(
  import.meta.env.LACRE_MLS_PLANS ?? (isShortened && !isQuick ? 10 : runs(40)),
);
export const mlsSeed = Number(import.meta.env.LACRE_MLS_SEED ?? 1);
/** Timeout of a property in test/property in milliseconds, sufficient on a busy machine. */
export const PROPERTY_TIMEOUT = 60_000 + 60 * propertyRuns;
