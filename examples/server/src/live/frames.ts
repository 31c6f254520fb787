import {
  ChatMessage,
  createRegistry,
  Heartbeat,
  Resume,
  StatusEvent,
  type VerifiedMessage,
} from "lacre";
import { notAMember, Refusal } from "../errors.js";
import { handleChatMessage } from "./chat-messages.js";
import type { Connection } from "./connection.js";
import type { Live, LiveServices } from "./live.js";
import { handleResume } from "./resumes.js";
import { handleStatusEvent } from "./status-events.js";

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);

/** What the handlers of frames work with. */
export interface LiveContext extends LiveServices {
  readonly live: Live;
}

/** Does what an authentic frame asks for. Throws a Refusal, or a LacreError for a payload that does not fit. */
export async function handleFrame(
  message: VerifiedMessage,
  connection: Connection,
  context: LiveContext,
): Promise<void> {
  const parsed = registry.parse(message);
  if (parsed.type === "unknown") {
    throw new Refusal(
      422,
      "ERR_UNKNOWN_TYPE",
      "this server takes message, resume, status and heartbeat, and no frame of this type",
    );
  }
  if (parsed.type === "heartbeat") return connection.send(Heartbeat, parsed.value);
  if (!connection.carries(parsed.value.chat_id)) throw notAMember();
  switch (parsed.type) {
    case "message":
      return handleChatMessage(parsed.value, connection, context);
    case "resume":
      return handleResume(parsed.value, connection, context);
    case "status":
      return handleStatusEvent(parsed.value, connection, context);
  }
}
