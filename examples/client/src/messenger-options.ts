import type { WebSocketConstructor } from "lacre/client";
import type { Account } from "./account.js";
import type { MessengerEvent } from "./events.js";
import type { OpenChat } from "./open-chat.js";

export interface MessengerOptions {
  readonly account: Account;
  /** Constructor of WebSockets, by default that of the platform. In Node, pass `NodeWebSocket`. */
  readonly WebSocket?: WebSocketConstructor;
  /** Chats that are open from the start. */
  readonly open?: readonly OpenChat[];
  /**
   * Ids of the chats whose messages are delivered, by default all. A later messenger delivers the messages of the other
   * chats.
   */
  readonly only?: readonly number[];
  /** Where delivery starts in a chat without a cursor: at the first message, or after the last. By default the first. */
  readonly begin?: "first" | "last";
  /** Receives the events, one at a time. A message is delivered when the call for it has completed. */
  readonly onEvent: (event: MessengerEvent) => void | Promise<void>;
}
