/** Codes of the server's ErrorResponses, with their meanings. The codes are stable, because programs compare them. */
export const ERROR_CODES = {
  ERR_BLOCKED: "the sender has blocked the recipient",
  ERR_BODY_TOO_LARGE: "the body exceeds the limit of this endpoint",
  ERR_BOUND_EXCEEDED: "the frame exceeds a limit of the protocol",
  ERR_CHAT_EXISTS: "a chat of these two users exists already",
  ERR_CHAT_IN_USE: "the other member has already written or read in the chat",
  ERR_CHAT_NOT_FOUND: "the chat does not exist, or the user is not a member",
  ERR_CHAT_WITH_SELF: "a user cannot create a chat with themselves",
  ERR_CLIENT_ID_REUSED: "another message of the user has this client_id",
  ERR_DEVICE_LOG_INVALID: "the entry does not follow the user's device log",
  ERR_DEVICE_NOT_FOUND: "the user has no such device, or it left no acceptance",
  ERR_EPOCH_CONFLICT: "the MLS chat is in another epoch: details.epoch",
  ERR_EPOCH_STALE: "the message is of too old an epoch of the MLS chat: details.epoch",
  ERR_EXPIRED: "the frame is too old",
  ERR_FORBIDDEN: "the user may not do this, or names another user as the sender",
  ERR_FROM_FUTURE: "the timestamp of the frame is in the future",
  ERR_HEADERS_TOO_LARGE: "the headers exceed 16 KiB",
  ERR_HISTORY_NOT_FOUND: "the user's history is off, or has another key",
  ERR_INTERNAL: "internal error of the server",
  ERR_LOG_TAKEN: "the device log has another entry with this seq",
  ERR_MALFORMED: "the bytes are not a frame",
  ERR_MALFORMED_ADDRESS:
    "the Host header and the path are not a valid URL, or its percent-encoding is not UTF-8",
  ERR_MALFORMED_JSON: "the body is not JSON",
  ERR_MALFORMED_REQUEST: "the request is not valid HTTP/1.1",
  ERR_MEDIA_TYPE: "the endpoint does not accept the Content-Type or Content-Encoding of the body",
  ERR_METHOD_NOT_ALLOWED: "the path has no such method: the header Allow lists the allowed ones",
  ERR_NOT_ACCEPTED:
    "the other member has not accepted the chat, or accepts no messages from this user",
  ERR_NOT_AUTHENTICATED: "the token is missing or invalid: log in again",
  ERR_NOT_FOUND: "no endpoint or file has this path",
  ERR_ORIGIN: "the page's origin is not allowed to connect",
  ERR_PARAMETERS_SET: "the chat already has key parameters, which cannot be changed",
  ERR_QUOTA_EXCEEDED:
    "the user has reached the limit of stored messages, created chats, key packages or history",
  ERR_RATE_LIMITED: "too many requests or frames: try again after retry_after seconds",
  ERR_REPLAYED: "the frame was received before",
  ERR_REPLAY_GUARD_FULL: "the server has no space to remember more frames: try again later",
  ERR_REQUEST_TIMEOUT: "the request was not complete in time",
  ERR_SEQ_AHEAD: "the receipt is past the chat's last message",
  ERR_UNAVAILABLE: "temporarily unavailable: try again after retry_after seconds",
  ERR_UNKNOWN_TYPE: "the server does not accept frames of this type",
  ERR_UNSUPPORTED: "the server does not support this",
  ERR_UPGRADE_REQUIRED: "the endpoint is a WebSocket",
  ERR_USERNAME_REFUSED: "the username is not allowed, because it could be confused with another",
  ERR_USERNAME_TAKEN: "another user has this username, or one that looks like it",
  ERR_USER_NOT_FOUND: "no user has this name",
  ERR_VALIDATION: "a value is invalid: the details name it",
  ERR_VERIFY: "the signature of the frame is invalid",
  ERR_WRONG_CREDENTIALS: "wrong username or password",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
