import { Ack, ChatMessage, StatusEvent } from "../../messages/chat.js";
import { Heartbeat, Welcome } from "../../messages/connection.js";
import { DevicesEvent } from "../../messages/devices.js";
import { ErrorResponse } from "../../messages/error-response.js";
import { MessageListResponse } from "../../messages/lists.js";
import { createRegistry } from "../../messages/registry.js";

/** Messages that a server sends. */
export const registry = createRegistry([
  ...[Ack, ChatMessage, DevicesEvent, ErrorResponse],
  ...[Heartbeat, MessageListResponse, StatusEvent, Welcome],
]);

/** Values of messages that a server sends, by type. */
export interface ServerValues {
  readonly ack: Ack;
  readonly message: ChatMessage;
  readonly devices: DevicesEvent;
  readonly error: ErrorResponse;
  readonly heartbeat: Heartbeat;
  readonly message_list: MessageListResponse;
  readonly status: StatusEvent;
  readonly welcome: Welcome;
}
