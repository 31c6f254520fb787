import type { FuzzTarget } from "../target.js";
import { e2eTargets } from "./e2e.js";
import { envelopeTargets } from "./envelope.js";
import { sessionTargets } from "./session.js";
import { wireTargets } from "./wire.js";

/** Every entry of the library that takes bytes from outside. */
export const targets: readonly FuzzTarget[] = [
  ...wireTargets,
  ...envelopeTargets,
  ...e2eTargets,
  ...sessionTargets,
];
