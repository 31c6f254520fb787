import type { MessageRow } from "./database-rows.js";
import type { OutageRecord } from "./outage.js";
import type { PlaceName } from "./places.js";
import type { Place } from "./search.js";
import type { Traffic } from "./traffic.js";
import type { Line, Speaker } from "./transcript.js";
import type { Seen } from "./verdict.js";

/** A text besides the lines that must not be found, but where the protocol sends it. */
export interface Secret {
  readonly name: string;
  readonly text: string;
  /** Where it must be found: in these places a search that misses it finds nothing at all. */
  readonly sentIn: readonly PlaceName[];
}

/** What one of them saw, and where they sat. */
export interface SeenFrom extends Seen {
  readonly seat: string;
}

/** All that a run left, on which the verdict is based. */
export interface Evidence {
  /** The lines that were typed. */
  readonly lines: readonly Line[];
  readonly seen: Readonly<Record<Speaker, SeenFrom>>;
  readonly rows: readonly MessageRow[];
  readonly places: readonly Place[];
  /** The sources of the programs, and the places before the first line. */
  readonly baseline: readonly Place[];
  readonly secrets: readonly Secret[];
  readonly outages: readonly OutageRecord[];
  readonly traffic: readonly Traffic[];
  /** What went wrong during the run. */
  readonly troubles: readonly string[];
}
