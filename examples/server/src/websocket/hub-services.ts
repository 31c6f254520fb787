import type { Logger } from "pino";
import type { Config } from "../config.js";
import type { Coordination } from "../coordination/coordination.js";
import type { Store } from "../database/store.js";
import type { Metrics } from "../http/metrics.js";
import type { Sessions } from "../identity/sessions.js";
import type { AppendQueue } from "../messages/append-queue.js";

/** Services that the hub and its connections use. */
export interface HubServices {
  readonly config: Config;
  readonly store: Store;
  readonly appendQueue: AppendQueue;
  readonly coordination: Coordination;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly log: Logger;
}
