import type { Logger } from "pino";
import type { Config } from "./config.js";
import type { Coordination } from "./coordination/coordination.js";
import type { Store } from "./database/store.js";
import type { Metrics } from "./http/metrics.js";
import type { Passwords } from "./identity/passwords.js";
import type { Sessions } from "./identity/sessions.js";
import type { SigningKeys } from "./identity/signing-keys.js";
import type { AppendQueue } from "./messages/append-queue.js";
import type { Hub } from "./websocket/hub.js";

/** Services that the routes use. */
export interface Services {
  readonly config: Config;
  readonly store: Store;
  readonly appendQueue: AppendQueue;
  readonly coordination: Coordination;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly signingKeys: SigningKeys;
  readonly hub: Hub;
  readonly metrics: Metrics;
  readonly log: Logger;
}
