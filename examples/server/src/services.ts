import type { Logger } from "pino";
import type { Store } from "./database/store.js";
import type { Passwords } from "./identity/passwords.js";
import type { Sessions } from "./identity/sessions.js";
import type { Live } from "./live/live.js";

/** What the routes work with. */
export interface Services {
  readonly store: Store;
  readonly passwords: Passwords;
  readonly sessions: Sessions;
  readonly live: Live;
  readonly log: Logger;
}
