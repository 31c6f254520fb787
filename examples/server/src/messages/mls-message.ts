import { type ChatMessage, DecodeError } from "lacre";
import { readMessageHeader } from "lacre/mls";
import type { Chat } from "../database/members.js";
import { HttpError } from "../errors.js";

/** Number of past epochs whose application messages the server accepts. */
const PAST_EPOCHS = 3;

/** A message of an MLS chat, with the fields that such a message has. */
export type MlsMessage = ChatMessage & {
  readonly client_id: string;
  readonly epoch: number;
  readonly device: string;
};

/**
 * Checks the fields of a message of an MLS chat against the clear fields of its content (docs/PROTOCOL.md, G-5).
 *
 * @throws {HttpError} if a field is missing, or says something else than the content.
 */
export function mlsMessage(message: ChatMessage): MlsMessage {
  const { chat_id, client_id, epoch, counter, device, content_type = "application" } = message;
  const isWhole = client_id !== undefined && epoch !== undefined && device !== undefined;
  if (!isWhole || counter !== undefined) {
    throw invalid("a message of an MLS chat has client_id, epoch and device, and no counter");
  }
  const header = headerOf(message.content);
  const isSame =
    header.chat_id === chat_id && header.epoch === epoch && header.content_type === content_type;
  if (!isSame) throw invalid("chat_id, epoch and content_type must be those of the MLSMessage");
  return { ...message, client_id, epoch, device };
}

function headerOf(content: Uint8Array) {
  try {
    return readMessageHeader(content);
  } catch (error) {
    if (error instanceof DecodeError) throw invalid("the content must be an MLSMessage of a chat");
    throw error;
  }
}

/**
 * Returns why an MLS chat does not accept a message that is no commit, or undefined if it does. `isOwnDevice`: whether the message
 * comes from a device of the sender's log.
 */
export function mlsRejection(
  chat: Chat,
  message: ChatMessage,
  isOwnDevice: boolean,
): HttpError | undefined {
  try {
    const checked = mlsMessage(message);
    if (message.content_type === "commit") {
      throw invalid("commits are sent to POST /chats/{chat_id}/commits");
    }
    if (!isOwnDevice) return notOwnDevice();
    return epochRejection(chat, checked);
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
}

/** Returns why a message cannot be stored in the chat's epoch, or undefined if it can. */
export function epochRejection(chat: Chat, message: MlsMessage): HttpError | undefined {
  const { epoch, content_type } = message;
  const current = chat.epoch!;
  if (content_type === "commit" ? epoch !== current : epoch > current) {
    return new HttpError(
      409,
      "ERR_EPOCH_CONFLICT",
      "the chat is in another epoch: receive the commits that came before",
      { epoch: current },
    );
  }
  const oldest = content_type === "proposal" ? current : current - PAST_EPOCHS;
  if (epoch >= oldest) return undefined;
  return new HttpError(
    409,
    "ERR_EPOCH_STALE",
    "the message is of too old an epoch: encrypt it again in the present one, with the same client_id",
    { epoch: current },
  );
}

/** Returns the error for a message of a device that is not in the sender's log. */
export function notOwnDevice(): HttpError {
  return new HttpError(
    403,
    "ERR_FORBIDDEN",
    "the device is not in your device log: add it, or send from a device of the log",
  );
}

function invalid(message: string): HttpError {
  return new HttpError(422, "ERR_VALIDATION", message);
}
