import { decodeUuid, encodeUtf8 } from "../bytes.js";
import { MAX_UNIX_TIME } from "../limits.js";
import type { ChatMessage } from "./chat.js";

const PREFIX = /* @__PURE__ */ encodeUtf8("lacre/e2e/1");
const MLS_PREFIX = /* @__PURE__ */ encodeUtf8("lacre/e2e/2\0");
const UINT_64_BYTES = 8;
const CLIENT_ID_BYTES = 16;

/** The fields that the encryption of a message authenticates. */
export type ChatMessageHeader = Partial<
  Pick<ChatMessage, "chat_id" | "sender_id" | "timestamp" | "client_id">
>;

/**
 * Returns the 51 bytes of additional authenticated data (AAD) that bind a ciphertext to its chat, sender, time and client
 * id (docs/PROTOCOL.md, section 8). Returns undefined if a field is missing or out of range.
 */
export function chatMessageAad(header: ChatMessageHeader): Uint8Array | undefined {
  return aadWith(PREFIX, header);
}

/**
 * Returns the 52 bytes of authenticated data of a message in an MLS chat (docs/PROTOCOL.md, section 14). Returns undefined if
 * a field is missing or out of range.
 */
export function mlsMessageAad(header: ChatMessageHeader): Uint8Array | undefined {
  return header.client_id === undefined ? undefined : aadWith(MLS_PREFIX, header);
}

function aadWith(
  prefix: Uint8Array,
  {
    chat_id = Number.NaN,
    sender_id = Number.NaN,
    timestamp = Number.NaN,
    client_id,
  }: ChatMessageHeader,
): Uint8Array | undefined {
  if (![chat_id, sender_id, timestamp].every((number) => typeof number === "number"))
    return undefined;
  const numbers = [chat_id, sender_id, wholeMilliseconds(timestamp)];
  if (!(chat_id > 0 && sender_id > 0 && timestamp >= 0 && timestamp <= MAX_UNIX_TIME))
    return undefined;
  if (!numbers.every(Number.isSafeInteger)) return undefined;
  const clientId =
    client_id === undefined ? new Uint8Array(CLIENT_ID_BYTES) : decodeUuid(client_id);
  const isNil = clientId?.every((byte) => byte === 0);
  if (clientId === undefined || (client_id !== undefined && isNil)) return undefined;
  const aad = new Uint8Array(prefix.length + 3 * UINT_64_BYTES + CLIENT_ID_BYTES);
  aad.set(prefix);
  for (const [index, number] of numbers.entries()) {
    writeUint64(aad, prefix.length + index * UINT_64_BYTES, number);
  }
  aad.set(clientId, prefix.length + 3 * UINT_64_BYTES);
  return aad;
}

/** Writes a big-endian integer. A BigInt would be several times slower. */
function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let digit = at + UINT_64_BYTES - 1; digit >= at; digit--) {
    bytes[digit] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** Rounds a time in seconds to whole milliseconds, a precision that JSON and other languages preserve. */
export function wholeMilliseconds(timestamp: number): number {
  return Math.floor(timestamp * 1000 + 0.5);
}
