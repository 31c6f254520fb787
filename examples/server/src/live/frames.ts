import { setTimeout as delay } from "node:timers/promises";
import {
  ChatMessage,
  createRegistry,
  ErrorResponse,
  Heartbeat,
  LacreError,
  MessageProtocol,
  Resume,
  StatusEvent,
  type VerifiedMessage,
} from "lacre";
import { CLOSE } from "lacre/session";
import { DatabaseUnavailable } from "../database/database-unavailable.js";
import { errorResponse, notAMember, Refusal, refusalOf, unavailable } from "../errors.js";
import { handleChatMessage } from "./chat-messages.js";
import type { Connection } from "./connection.js";
import { subjectOf } from "./error-details.js";
import { BURST } from "./frame-allowance.js";
import type { Live, LiveServices } from "./live.js";
import { handleResume } from "./resumes.js";
import { handleStatusEvent } from "./status-events.js";

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);

/** What the handlers of frames work with. */
export interface LiveContext extends LiveServices {
  readonly live: Live;
}

/** Does what a frame asks for, whatever it is, or says why not. */
export async function takeFrame(
  data: unknown,
  connection: Connection,
  context: LiveContext,
): Promise<void> {
  let message: VerifiedMessage | undefined;
  try {
    if (isGreeting(data, connection)) return await greet(data, connection, context);
    const early = connection.allowance.take();
    if (early > BURST) await seconds(early - BURST);
    message = connection.open(data);
    if (message === undefined) return;
    if (connection.isFirstVersion && !(await context.live.firstVersion!.isFirst(message))) {
      throw new Refusal(400, "ERR_REPLAYED", "the frame came before");
    }
    if (early > 0) await holdBack(message, Math.min(early, BURST));
    await handle(message, connection, context);
  } catch (error) {
    refuse(error, message, connection, context);
  }
}

/** The first frame, whatever it is. A client that was taken for one of the first version may still say hello. */
function isGreeting(data: unknown, { isOpen, isFirstVersion }: Connection): boolean {
  if (!isOpen) return true;
  if (!isFirstVersion) return false;
  try {
    return MessageProtocol.fromBytes(data as Uint8Array).type === "hello";
  } catch {
    return false;
  }
}

async function greet(data: unknown, connection: Connection, context: LiveContext): Promise<void> {
  try {
    if (connection.greet(data)) await context.live.greeted(connection);
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
    const { firstVersion } = context.live;
    if (connection.isFirstVersion || !firstVersion?.isAuthentic(data)) {
      return connection.close(CLOSE.policy);
    }
    connection.greetFirstVersion();
    await context.live.greeted(connection);
    await takeFrame(data, connection, context);
  }
}

/** What a client sends again when it is refused is refused; what it would not, a mark say, waits. */
async function holdBack({ type }: MessageProtocol, early: number): Promise<void> {
  if (type !== ChatMessage.type && type !== Resume.type) return seconds(early);
  throw new Refusal(429, "ERR_RATE_LIMITED", "too many frames: send them more slowly", {
    retry_after: Math.ceil(early * 100) / 100,
  });
}

async function handle(
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

function refuse(
  error: unknown,
  message: MessageProtocol | undefined,
  connection: Connection,
  { metrics, log }: LiveContext,
): void {
  const refusal = refusalOf(error) ?? unavailable;
  const { code } = refusal;
  const { userId: user_id } = connection;
  metrics.refused.inc({ code });
  if (code === "ERR_RATE_LIMITED") metrics.limited.inc({ limit: "frames" });
  if (error instanceof DatabaseUnavailable) metrics.databaseFailures.inc();
  if (refusal.status >= 500) log.error({ user_id, err: error }, "frame failed");
  else log.warn({ user_id, code }, "frame refused");
  const response = errorResponse(refusal);
  const details = { ...response.details, ...subjectOf(message) };
  connection.send(ErrorResponse, { ...response, details });
}

function seconds(count: number): Promise<void> {
  return delay(count * 1000, undefined, { ref: false });
}
