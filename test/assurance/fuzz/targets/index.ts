import type { FuzzTarget } from "../target.js";
import { boundsTargets } from "./bounds.js";
import { e2eTargets } from "./e2e.js";
import { envelopeTargets } from "./envelope.js";
import { mlsTargets } from "./mls.js";
import { mlsGroupTargets } from "./mls-groups.js";
import { sessionTargets } from "./session.js";
import { wireTargets } from "./wire.js";

/** Every function of the library that reads untrusted bytes. */
export const targets: readonly FuzzTarget[] = [
  ...wireTargets,
  ...envelopeTargets,
  ...e2eTargets,
  ...mlsTargets,
  ...mlsGroupTargets,
  ...sessionTargets,
  ...boundsTargets,
];
