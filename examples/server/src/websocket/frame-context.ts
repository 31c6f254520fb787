import type { StatusEvent } from "lacre";
import type { Logger } from "pino";
import type { Config } from "../config.js";
import type { Coordination } from "../coordination/coordination.js";
import type { Chat } from "../database/schema.js";
import type { Store } from "../database/store.js";
import type { Metrics } from "../http/metrics.js";
import type { Sessions } from "../identity/sessions.js";
import type { AcceptedMessage } from "../messages/accept-message.js";
import type { Connection } from "./connection.js";
import type { LegacyProtocol } from "./legacy-protocol.js";
import type { UserScheduler } from "./user-scheduler.js";

/** Services that the hub uses. */
export interface HubServices {
  readonly config: Config;
  readonly store: Store;
  readonly coordination: Coordination;
  readonly sessions: Sessions;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The part of the hub that the frame handlers use. */
export interface FrameHub {
  readonly legacy: LegacyProtocol | undefined;
  readonly scheduler: UserScheduler;
  readonly reconnectWithin: number;
  confirmed(connection: Connection): Promise<void>;
  broadcastMessage(accepted: AcceptedMessage, from: Connection): void;
  broadcastStatus(chat: Chat, status: StatusEvent, from: Connection): void;
  broadcastTyping(chat: Chat, status: StatusEvent): void;
}

/** Services and hub for the frame handlers. */
export interface FrameContext extends HubServices {
  readonly hub: FrameHub;
}
