import { LacreError, ValidationError } from "lacre";
import type { ErrorCode } from "lacre-api";
import { ClientError, ServerRejectionError } from "./errors.js";

const RELOAD = "Reload the page, and tell the server’s operator if this goes on.";
const NOT_UNDERSTOOD = `The server did not understand this client. ${RELOAD}`;

/** Sentences for users by error code: what happened, and what to do. The table contains all codes of the server. */
const SENTENCES: Readonly<Record<ErrorCode, string> & Record<string, string>> = {
  // Codes of the server.
  ERR_BLOCKED: "You have blocked this person. Unblock them to write.",
  ERR_BODY_TOO_LARGE: "This is too long to be sent. Shorten it.",
  ERR_BOUND_EXCEEDED: "This is too long to be sent. Shorten it.",
  ERR_CHAT_EXISTS: "You already have a chat with this person. Choose it from the list.",
  ERR_CHAT_IN_USE:
    "The other person has opened this chat: they have read or written in it. It can no longer be started over.",
  ERR_CHAT_NOT_FOUND: "This chat does not exist, or you are not one of its members.",
  ERR_CHAT_WITH_SELF: "A chat needs two people. Choose another person.",
  ERR_CLIENT_ID_REUSED:
    "The server has another message under this message’s number. Write it again.",
  ERR_DEVICE_LOG_INVALID:
    "The server rejected the change of your devices. Reload the page and try again.",
  ERR_DEVICE_NOT_FOUND:
    "This device is not one of your devices, or it waited too long. Begin again on the new device.",
  ERR_EPOCH_CONFLICT:
    "Another device changed this chat at the same time. Wait a moment and try again.",
  ERR_EPOCH_STALE: "This chat has moved on since you wrote this. Send it again.",
  ERR_EXPIRED: "This device’s clock is behind the server’s. Set it right and try again.",
  ERR_FORBIDDEN:
    "You may not do this: it is for another member of the chat, or for another account.",
  ERR_FROM_FUTURE: "This device’s clock is ahead of the server’s. Set it right and try again.",
  ERR_HISTORY_NOT_FOUND:
    "The backup of your groups was turned off on another device. Turn it on again if you want it.",
  ERR_HISTORY_INVALID: "A part of the backup is damaged, and was left out.",
  ERR_HEADERS_TOO_LARGE: NOT_UNDERSTOOD,
  ERR_INTERNAL: "The server failed. Try again in a moment.",
  ERR_LOG_TAKEN: "Another of your devices changed your devices at the same time. Try again.",
  ERR_MALFORMED: NOT_UNDERSTOOD,
  ERR_MALFORMED_ADDRESS: NOT_UNDERSTOOD,
  ERR_MALFORMED_JSON: NOT_UNDERSTOOD,
  ERR_MALFORMED_REQUEST: NOT_UNDERSTOOD,
  ERR_MEDIA_TYPE: NOT_UNDERSTOOD,
  ERR_METHOD_NOT_ALLOWED: NOT_UNDERSTOOD,
  ERR_NOT_ACCEPTED:
    "This person does not take your messages: wait until they accept the chat or answer. Until then you can send one.",
  ERR_NOT_AUTHENTICATED: "Your sign-in is over. Sign in again.",
  ERR_NOT_FOUND: NOT_UNDERSTOOD,
  ERR_ORIGIN:
    "The server does not accept live connections from this page’s address. Its operator has to add the address to " +
    "CORS_ORIGINS, or have the proxy pass on the Host header.",
  ERR_PARAMETERS_SET: "This chat has its passphrase already.",
  ERR_QUOTA_EXCEEDED:
    "You have stored as much as this server keeps for one person. Set chats to delete messages after some time, or ask its operator.",
  ERR_RATE_LIMITED: "That was too often. Wait a minute and try again.",
  ERR_REPLAYED: "The server has this already.",
  ERR_REPLAY_GUARD_FULL: "The server is too busy. Try again in a moment.",
  ERR_REQUEST_TIMEOUT: "The connection is too slow: the server waited in vain. Try again.",
  ERR_SEQ_AHEAD: "The server has lost messages that this device has. Reload the page.",
  ERR_UNAVAILABLE: "The server cannot do this now. Try again in a moment.",
  ERR_UNKNOWN_TYPE: NOT_UNDERSTOOD,
  ERR_UNSUPPORTED: "This server does not support that.",
  ERR_UPGRADE_REQUIRED: NOT_UNDERSTOOD,
  ERR_USERNAME_REFUSED: "This username could be taken for another one. Choose a different one.",
  ERR_USERNAME_TAKEN: "This username is taken, or looks like one that is. Choose a different one.",
  ERR_USER_NOT_FOUND: "There is no user of this name. Check its spelling.",
  ERR_VALIDATION: "Something that you entered does not fit. Check it and try again.",
  ERR_VERIFY: "The server could not verify this device’s request. Sign out and sign in again.",
  ERR_WRONG_CREDENTIALS: "Username or password is wrong. Try again, or create an account first.",
  // Codes of the client.
  ERR_UNREACHABLE: "The server does not answer. Check your connection and try again.",
  ERR_NOT_THIS_PROTOCOL:
    "Something else than the chat’s server answered. Check the address and your network: some want you to sign in first.",
  ERR_REDIRECTED:
    "The server’s address leads to another one now. Ask its operator for the right address, and open that.",
  ERR_NOT_LOGGED_IN: "You are not signed in. Sign in first.",
  ERR_CHAT_STARTED_OVER:
    "This chat was started over with a new passphrase. Enter the new one, and send this again if it still matters.",
  ERR_CHAT_NOT_ENCRYPTED:
    "This chat has no passphrase, so nothing in it is encrypted: it is not used.",
  // Codes of the library.
  ERR_KEY: "This passphrase cannot be used. Choose another one.",
  ERR_WRONG_PASSPHRASE: "This is not the passphrase of the chat. Compare it with your peer’s.",
};

/** Sentences for invalid form fields, by the field's name in the protocol. */
const FIELDS: Readonly<Record<string, string>> = {
  username:
    "A username has 3 to 50 letters and digits, _ and -, and at least one letter or digit. Change it and try again.",
  peer_name: "There is no user of this name. Check its spelling.",
  password: "A password has 6 to 1024 characters. Change it and try again.",
  content: "This message is too long to be sent. Shorten it, or send it in parts.",
};

/** Returns the sentence for an error code, or undefined for an unknown code. */
export function sentenceOf(code: string): string | undefined {
  return Object.hasOwn(SENTENCES, code) ? SENTENCES[code] : undefined;
}

/** Describes an error in one or two sentences: what went wrong, and what to do. */
export function plainSentence(error: unknown): string {
  if (error instanceof ValidationError) {
    const field = error.issues.map(({ path }) => FIELDS[String(path[0])]).find(Boolean);
    return field ?? SENTENCES.ERR_VALIDATION;
  }
  if (error instanceof ServerRejectionError) return refusalSentence(error);
  if (error instanceof ClientError || error instanceof LacreError) {
    return sentenceOf(error.code) ?? capitalised(error.message);
  }
  return `Something failed in this page. ${RELOAD}`;
}

function refusalSentence({ code, retryAfter }: ServerRejectionError): string {
  if (code === "ERR_RATE_LIMITED" && retryAfter !== undefined) {
    const minutes = Math.ceil(retryAfter / 60);
    const time = retryAfter < 60 ? `${Math.ceil(retryAfter)} s` : `${minutes} min`;
    return `That was too often. Try again in ${time}.`;
  }
  return sentenceOf(code) ?? `The server refused this (${code}). ${RELOAD}`;
}

/** Turns an error message, which is a clause after the program's name in a terminal, into a sentence. */
function capitalised(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.?!]$/.test(message) ? "" : "."}`;
}
