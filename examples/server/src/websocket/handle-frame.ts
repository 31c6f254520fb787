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
import { CLOSE } from "lacre/server";
import { DatabaseUnavailableError } from "../database/database-unavailable.js";
import { errorResponse, HttpError, notAMember, rejectionOf, unavailable } from "../errors.js";
import { handleChatMessage } from "./chat-messages.js";
import type { Connection } from "./connection.js";
import { subjectOf } from "./error-details.js";
import { BURST, costOfFrame } from "./frame-allowance.js";
import type { FrameContext } from "./frame-context.js";
import { handleResume } from "./resumes.js";
import { handleStatusEvent } from "./status-events.js";

const registry = createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);

/** Handles a received frame, or sends an error that says why the server rejects it. Never rejects. */
export async function handleFrame(
  data: unknown,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  let message: VerifiedMessage | undefined;
  try {
    if (isHandshake(data, connection)) return await handshake(data, connection, context);
    const early = connection.allowance.take(costOfFrame((data as Uint8Array | string).length));
    const pause = (seconds: number) =>
      context.hub.scheduler.yieldWhile(connection.userId, () => connection.pause(seconds));
    if (early > BURST) await pause(early - BURST);
    if (connection.isClosed) return;
    message = connection.open(data);
    if (message === undefined) return;
    if (!connection.isConfirmed) await context.hub.confirmed(connection);
    if (connection.isClosed) return;
    if (connection.isLegacy && !(await context.hub.legacy!.isFirst(message))) {
      throw new HttpError(400, "ERR_REPLAYED", "the server already received this frame");
    }
    if (early > 0) await throttle(message, Math.min(early, BURST), pause);
    if (connection.isClosed) return;
    await dispatch(message, connection, context);
  } catch (error) {
    reject(error, message, connection, context);
  }
}

/** Whether a frame belongs to the handshake: the first frame, or a late hello of a client treated as version 1. */
function isHandshake(data: unknown, { isOpen, isLegacy }: Connection): boolean {
  if (!isOpen) return true;
  if (!isLegacy) return false;
  try {
    return MessageProtocol.fromBytes(data as Uint8Array).type === "hello";
  } catch {
    return false;
  }
}

async function handshake(
  data: unknown,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  try {
    connection.handshake(data, context.hub.reconnectWithin);
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
    if (error.code === "ERR_NO_COMMON_WIRE") return connection.close(CLOSE.noCommonWire);
    const { legacy } = context.hub;
    if (connection.isLegacy || !legacy?.isAuthentic(data)) {
      return connection.close(CLOSE.policy);
    }
    connection.acceptLegacy();
    await context.hub.confirmed(connection);
    await handleFrame(data, connection, context);
  }
}

/** Rejects a frame type that clients retry after a rejection; delays the others, such as receipts. */
async function throttle(
  { type }: MessageProtocol,
  early: number,
  pause: (seconds: number) => Promise<void>,
): Promise<void> {
  if (type !== ChatMessage.type && type !== Resume.type) return pause(early);
  throw new HttpError(429, "ERR_RATE_LIMITED", "too many frames: send them more slowly", {
    retry_after: Math.ceil(early * 100) / 100,
  });
}

async function dispatch(
  message: VerifiedMessage,
  connection: Connection,
  context: FrameContext,
): Promise<void> {
  const parsed = registry.parse(message);
  if (parsed.type === "unknown") {
    throw new HttpError(
      422,
      "ERR_UNKNOWN_TYPE",
      "unknown frame type: send message, resume, status or heartbeat",
    );
  }
  if (parsed.type === "heartbeat") return connection.answerHeartbeat(parsed.value);
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

function reject(
  error: unknown,
  message: MessageProtocol | undefined,
  connection: Connection,
  { metrics, log }: FrameContext,
): void {
  const rejection = rejectionOf(error) ?? unavailable;
  const { code } = rejection;
  const { userId: user_id } = connection;
  metrics.framesRejected.inc({ code });
  if (code === "ERR_RATE_LIMITED") metrics.limited.inc({ limit: "frames" });
  if (error instanceof DatabaseUnavailableError) metrics.databaseFailures.inc();
  if (rejection.status >= 500) log.error({ user_id, err: error }, "frame failed");
  else log.warn({ user_id, code }, "frame rejected");
  const response = errorResponse(rejection);
  const details = { ...response.details, ...subjectOf(message) };
  connection.send(ErrorResponse, { ...response, details });
}
