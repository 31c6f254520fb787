import type { Account } from "./account.js";
import type { MessengerEvent } from "./events.js";
import type { OpenChat } from "./open-chat.js";
import type { Connect } from "./socket.js";

export interface MessengerOptions {
  readonly account: Account;
  readonly connect: Connect;
  /** The chats that are read and written from the start. */
  readonly open?: readonly OpenChat[];
  /** The chats whose messages are delivered, each once. By default all. A later messenger delivers those of the others. */
  readonly only?: readonly number[];
  /** Where a chat starts if none of its messages was delivered: at the first message, or after the last. By default the first. */
  readonly begin?: "first" | "last";
  /** Receives the events, one at a time. A message counts as delivered when this has returned. */
  readonly hear: (event: MessengerEvent) => void | Promise<void>;
}
