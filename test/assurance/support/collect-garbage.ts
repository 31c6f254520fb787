import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects all garbage now, so that memory in use is what is reachable. Needs Node. */
export const collectGarbage: () => void = runInNewContext("gc");
