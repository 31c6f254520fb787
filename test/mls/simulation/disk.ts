import type { ChatMessage } from "../../../src/messages/chat.js";
import type { Bytes, Credential, DeviceLog } from "../../../src/mls/index.js";

/** What a client stores of a chat. */
export interface StoredChat {
  readonly state: Bytes | undefined;
  /** The seq up to which the client has received. */
  readonly cursor: number;
  /** Ids of users that are to be added and removed. */
  readonly add: readonly number[];
  readonly remove: readonly number[];
  /** The epoch in which this device last proposed to leave. */
  readonly leavingIn: bigint | undefined;
  /** Whether the state cannot follow the group, or is older than what this device sent. */
  readonly mustRejoin: boolean;
  /** Why the client stopped the chat. */
  readonly stopped?: "fork";
}

/** A message that the server has not acknowledged. */
export interface Outgoing {
  readonly message: ChatMessage;
  /** Undefined for a proposal. */
  readonly text: string | undefined;
  /** Whether the server rejected it because its epoch is too old. */
  readonly isStale: boolean;
}

/** A text that was read. */
export interface Read {
  readonly chat_id: number;
  readonly seq: number;
  readonly client_id: string;
  readonly timestamp: number;
  readonly text: string;
  readonly sender: Credential;
}

/** What the client tells its user about a message. */
export interface Report {
  readonly chat_id: number;
  readonly seq: number;
  readonly client_id: string | undefined;
  readonly reason: string;
}

/** All that a client stores. It is replaced in transactions. */
export interface Disk {
  readonly chats: ReadonlyMap<number, StoredChat>;
  readonly outbox: readonly Outgoing[];
  /** Client ids of all that this device made. */
  readonly own: ReadonlySet<string>;
  /** Client ids of own texts that the server does not accept. */
  readonly failed: readonly string[];
  readonly reads: readonly Read[];
  readonly reports: readonly Report[];
  /** The kept parts of key packages. The first one is that of last resort. */
  readonly keeps: readonly Bytes[];
  readonly logs: ReadonlyMap<number, DeviceLog>;
}

export const emptyChat: StoredChat = {
  state: undefined,
  cursor: 0,
  add: [],
  remove: [],
  leavingIn: undefined,
  mustRejoin: false,
};

export const emptyDisk: Disk = {
  chats: new Map(),
  outbox: [],
  own: new Set(),
  failed: [],
  reads: [],
  reports: [],
  keeps: [],
  logs: new Map(),
};
