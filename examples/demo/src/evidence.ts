import type { MessageRow } from "./database-rows.js";
import type { GroupRecord } from "./group-exchange.js";
import type { LocationName } from "./locations.js";
import type { OutageRecord } from "./outage.js";
import type { ReceivedMessage, SentMessage } from "./participant.js";
import type { Location } from "./search.js";
import type { Traffic } from "./traffic.js";
import type { Line, Speaker } from "./transcript.js";

/** A password or passphrase. It may be found only in the locations where the protocol sends it. */
export interface Secret {
  readonly name: string;
  readonly text: string;
  /** Locations where the search must find it. If it does not, the search itself is broken. */
  readonly sentIn: readonly LocationName[];
}

/** The messages that one participant sent and received. */
export interface ParticipantRecord {
  /** The client program, as the report names it. */
  readonly client: string;
  readonly sent: readonly SentMessage[];
  readonly received: readonly ReceivedMessage[];
  /** The highest seq that the peer has read. */
  readonly readUpTo: number;
}

/** The data of one run, on which the verdict is based. */
export interface Evidence {
  /** The lines that were given to the clients. */
  readonly lines: readonly Line[];
  readonly participants: Readonly<Record<Speaker, ParticipantRecord>>;
  readonly rows: readonly MessageRow[];
  readonly locations: readonly Location[];
  /** The programs' sources, and the locations as they were before the first line was sent. */
  readonly baseline: readonly Location[];
  readonly secrets: readonly Secret[];
  /** What happened in the group, if the run came to it. */
  readonly group: GroupRecord | undefined;
  readonly outages: readonly OutageRecord[];
  readonly traffic: readonly Traffic[];
  /** Errors during the run. */
  readonly failures: readonly string[];
}
