import { concat, encodeUtf8 } from "../../../src/bytes.js";
import type { Random } from "../../support/random.js";

/** How an input was made. */
export type InputKind = "random" | "mutated" | "grammar";

/** Bytes at which readers branch: first bytes of MessagePack values, and the numbers next to them. */
const INTERESTING = [
  0x00, 0x01, 0x1f, 0x20, 0x7f, 0x80, 0x82, 0x84, 0x8f, 0x90, 0x97, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
  0xc4, 0xc5, 0xc6, 0xc7, 0xca, 0xcb, 0xcc, 0xcf, 0xd0, 0xd3, 0xd4, 0xd9, 0xda, 0xdb, 0xdc, 0xdd,
  0xde, 0xdf, 0xe0, 0xfe, 0xff,
];

const WORDS = [
  "type",
  "payload",
  "timestamp",
  "signature",
  "chat_id",
  "sender_id",
  "content",
  "nonce",
  "message_id",
  "client_id",
  "seq",
  "epoch",
  "counter",
  "device",
  "event_type",
  "user_id",
  "error_code",
  "error_message",
  "details",
  "username",
  "password",
  "device_id",
  "success",
  "access_token",
  "refresh_token",
  "expires_in",
  "error",
  "session_key",
  "chats",
  "messages",
  "total",
  "page",
  "has_more",
  "after",
  "through",
  "limit",
  "wires",
  "wire",
  "capabilities",
  "hello_nonce",
  "limits",
  "heartbeat",
  "stored_at",
  "follows",
  "sent_at",
  "kind",
  "text",
  "reply_to",
  "fallback",
  "message",
  "status",
  "hello",
  "welcome",
  "resume",
  "ack",
  "read",
  "typing",
  "retry_after",
  "__proto__",
  "constructor",
  "prototype",
  "1023",
  "",
  "018bcfe5-687b-7abc-8def-0123456789ab",
  "AAECAwQFBgcICQoL",
  "AAECAwQFBgcICQoLDA0ODw==",
].map(encodeUtf8);

const LONGEST = 4096;

/** Changes an input in one to eight ways. One of them joins its beginning with the end of `other`. */
export function mutated(random: Random, input: Uint8Array, other: Uint8Array): Uint8Array {
  let bytes: Uint8Array = input.slice();
  for (let change = 1 + random.below(random.oneIn(3) ? 8 : 2); change > 0; change--) {
    bytes = mutatedOnce(random, bytes, other);
  }
  return bytes.length > LONGEST ? bytes.slice(0, LONGEST) : bytes;
}

function mutatedOnce(random: Random, bytes: Uint8Array, other: Uint8Array): Uint8Array {
  const { length } = bytes;
  if (length === 0) return random.bytes(1 + random.below(8));
  const at = random.below(length);
  const size = 1 + random.below(Math.min(16, length - at));
  switch (random.below(10)) {
    case 0:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 1:
      bytes[at] = random.below(256);
      return bytes;
    case 2:
      bytes[at] = random.pick(INTERESTING);
      return bytes;
    case 3:
      bytes[at]! += random.oneIn(2) ? 1 : -1;
      return bytes;
    case 4:
      return concat(bytes.subarray(0, at), bytes.subarray(at + size));
    case 5:
      return concat(bytes.subarray(0, at), random.bytes(size), bytes.subarray(at));
    case 6:
      return concat(bytes.subarray(0, at + size), bytes.subarray(at));
    case 7:
      return bytes.slice(0, at);
    case 8:
      return concat(bytes.subarray(0, at), other.subarray(random.below(other.length + 1)));
    default:
      return concat(bytes.subarray(0, at), value(random, 2), bytes.subarray(at + size));
  }
}

/** Generates a MessagePack map, or sometimes another value, in any valid encoding and sometimes in an invalid one. */
export function grammarMade(random: Random): Uint8Array {
  return random.oneIn(8) ? value(random, 4) : map(random, 4);
}

function value(random: Random, depth: number): Uint8Array {
  const kind = random.below(depth > 0 ? 14 : 10);
  if (kind <= 1) return text(random);
  if (kind === 2) return Uint8Array.of(random.below(0x80));
  if (kind === 3) return random.pick(FIXED);
  if (kind === 4) return concat(Uint8Array.of(0xcb), random.bytes(8));
  if (kind === 5) return integer(random);
  if (kind === 6) return sized(random, [0xc4, 0xc5, 0xc6], random.bytes(random.pick(LENGTHS)));
  if (kind === 7) return concat(Uint8Array.of(0xca), random.bytes(4));
  if (kind === 8) return time(random);
  if (kind === 9) return random.oneIn(8) ? extension(random) : Uint8Array.of(0xc0);
  return kind <= 11 ? map(random, depth - 1) : array(random, depth - 1);
}

const FIXED = [
  [0xc0],
  [0xc2],
  [0xc3],
  [0xff],
  [0x00],
  [0x80],
  [0x90],
  [0xa0],
  [0xc4, 0x00],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [0xcf, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xcf, 0, 0x20, 0, 0, 0, 0, 0, 0],
  [0xd3, 0xff, 0xe0, 0, 0, 0, 0, 0, 1],
].map((bytes) => Uint8Array.from(bytes));
const LENGTHS = [0, 1, 12, 16, 16, 32, 33, 200, 300];
const NOW = 1_700_000_000;

function time(random: Random): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xcb;
  new DataView(bytes.buffer).setFloat64(1, NOW + random.below(1000) / 8 - 60);
  return bytes;
}

function integer(random: Random): Uint8Array {
  const width = random.below(8);
  return concat(Uint8Array.of(0xcc + width), random.bytes(2 ** (width % 4)));
}

function extension(random: Random): Uint8Array {
  const size = random.below(5);
  return concat(Uint8Array.of(0xd4 + size), random.bytes(1 + 2 ** size));
}

function text(random: Random): Uint8Array {
  const bytes = random.oneIn(6) ? random.bytes(random.below(40)) : random.pick(WORDS);
  if (bytes.length <= 31 && !random.oneIn(6))
    return concat(Uint8Array.of(0xa0 | bytes.length), bytes);
  return sized(random, [0xd9, 0xda, 0xdb], bytes);
}

/** Prepends a head of any width that is sufficient for the length. */
function sized(random: Random, heads: readonly number[], content: Uint8Array): Uint8Array {
  const narrowest = content.length > 0xff ? 1 : 0;
  const width = narrowest + random.below(3 - narrowest);
  return concat(head(heads[width]!, 2 ** width, content.length), content);
}

function head(first: number, size: number, count: number): Uint8Array {
  const bytes = new Uint8Array(1 + size);
  bytes[0] = first;
  for (let at = size, rest = count; at > 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest;
  return bytes;
}

function map(random: Random, depth: number): Uint8Array {
  const count = random.below(random.oneIn(12) ? 24 : 7);
  const entries = Array.from({ length: count }, () =>
    concat(random.oneIn(40) ? value(random, 0) : text(random), value(random, depth)),
  );
  return concat(containerHead(random, 0x80, 0xde, count), ...entries);
}

function array(random: Random, depth: number): Uint8Array {
  const count = random.below(random.oneIn(12) ? 40 : 5);
  const items = Array.from({ length: count }, () => value(random, depth));
  return concat(containerHead(random, 0x90, 0xdc, count), ...items);
}

function containerHead(random: Random, fixed: number, first: number, count: number): Uint8Array {
  // Sometimes declare a wrong number of entries.
  const declared = random.oneIn(30) ? random.uint32() : count;
  if (declared <= 15 && !random.oneIn(6)) return Uint8Array.of(fixed | declared);
  return declared > 0xffff || random.oneIn(2)
    ? head(first + 1, 4, declared)
    : head(first, 2, declared);
}
