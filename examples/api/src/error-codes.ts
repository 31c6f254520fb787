/** Every code that an ErrorResponse of this server has. They are stable: programs test them. */
export const ERROR_CODES = {
  ERR_BLOCKED: "to a user whom the sender has blocked",
  ERR_BODY_TOO_LARGE: "the body has more bytes than this address takes",
  ERR_BOUND_EXCEEDED: "a frame beyond the protocol's bounds",
  ERR_CHAT_EXISTS: "these two have a chat",
  ERR_CHAT_IN_USE: "the chat's other member has written or read in it",
  ERR_CHAT_NOT_FOUND: "no such chat, or not one of the user who asks",
  ERR_CHAT_WITH_SELF: "a chat with oneself",
  ERR_CLIENT_ID_REUSED: "another message came under this client_id",
  ERR_EXPIRED: "a frame that is too old",
  ERR_FORBIDDEN: "not for this user, or in another's name",
  ERR_FROM_FUTURE: "a frame of a clock that runs ahead",
  ERR_HEADERS_TOO_LARGE: "more headers than the server reads",
  ERR_INTERNAL: "the server failed",
  ERR_MALFORMED: "bytes that are no frame",
  ERR_MALFORMED_ADDRESS:
    "a host or an address that makes no URL, or whose percent-encoding is no UTF-8",
  ERR_MALFORMED_JSON: "a body that is no JSON",
  ERR_MALFORMED_REQUEST: "a request that is no HTTP/1.1, or cannot be read as such",
  ERR_MEDIA_TYPE: "a body of a type that is not read here",
  ERR_METHOD_NOT_ALLOWED: "the address takes other methods: Allow names them",
  ERR_NOT_ACCEPTED: "the other member has not accepted the chat, or takes no messages",
  ERR_NOT_AUTHENTICATED: "the token is missing or not good: log in again",
  ERR_NOT_FOUND: "nothing at this address",
  ERR_ORIGIN: "a page of an origin that may not connect",
  ERR_PARAMETERS_SET: "the chat has its parameters, once and for all",
  ERR_QUOTA_EXCEEDED: "the user has stored, or opened, as much as the server keeps for one",
  ERR_RATE_LIMITED: "too much: the same later, after retry_after seconds",
  ERR_REPLAYED: "a frame that came before",
  ERR_REPLAY_GUARD_FULL: "more frames than the server can remember",
  ERR_REQUEST_TIMEOUT: "the request did not come to its end in time",
  ERR_SEQ_AHEAD: "a mark past the chat's last message",
  ERR_UNAVAILABLE: "not now: the same later, after retry_after seconds",
  ERR_UNKNOWN_TYPE: "a frame of a type that the server does not take",
  ERR_UNSUPPORTED: "what this server does not do",
  ERR_UPGRADE_REQUIRED: "the address is for WebSockets",
  ERR_USERNAME_REFUSED: "a username that could be taken for another",
  ERR_USERNAME_TAKEN: "another user has this name, or one that looks like it",
  ERR_USER_NOT_FOUND: "no user of this name",
  ERR_VALIDATION: "a value that does not fit",
  ERR_VERIFY: "a frame that is not authentic",
  ERR_WRONG_CREDENTIALS: "no such user, or another password",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}
