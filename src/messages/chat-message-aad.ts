import { decodeUuid, encodeUtf8 } from "../bytes.js";
import { MAX_UNIX_TIME } from "../limits.js";
import type { ChatMessage } from "./chat.js";

const PREFIX = /* @__PURE__ */ encodeUtf8("lacre/e2e/1");
const UINT_64_BYTES = 8;
const CLIENT_ID_BYTES = 16;

/** What a message is bound to. */
export type ChatMessageHeader = Partial<
  Pick<ChatMessage, "chat_id" | "sender_id" | "timestamp" | "client_id">
>;

/** The 51 bytes that bind a message to where it stands, or undefined for a header that no client makes. */
export function chatMessageAad({
  chat_id = Number.NaN,
  sender_id = Number.NaN,
  timestamp = Number.NaN,
  client_id,
}: ChatMessageHeader): Uint8Array | undefined {
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
  const aad = new Uint8Array(PREFIX.length + 3 * UINT_64_BYTES + CLIENT_ID_BYTES);
  aad.set(PREFIX);
  for (const [place, number] of numbers.entries()) {
    writeUint64(aad, PREFIX.length + place * UINT_64_BYTES, number);
  }
  aad.set(clientId, PREFIX.length + 3 * UINT_64_BYTES);
  return aad;
}

/** Big-endian; a BigInt would cost several times as much. */
function writeUint64(bytes: Uint8Array, at: number, value: number): void {
  let rest = value;
  for (let digit = at + UINT_64_BYTES - 1; digit >= at; digit--) {
    bytes[digit] = rest % 256;
    rest = Math.floor(rest / 256);
  }
}

/** A time in seconds as whole milliseconds, as other languages and JSON keep it. */
export function wholeMilliseconds(timestamp: number): number {
  return Math.floor(timestamp * 1000 + 0.5);
}
