const END_OF_HEAD = Buffer.from("\r\n\r\n");
const BINARY = 2;
const CONTINUATION = 0;

/**
 * Returns the messages in one direction of a recorded WebSocket connection, unmasked and with their fragments joined. A client
 * masks its frames with XOR, so a search in the raw bytes would find nothing. Returns no messages for any other connection.
 */
export function webSocketMessages(recorded: Buffer): Buffer[] {
  const headEnd = recorded.indexOf(END_OF_HEAD);
  const head = headEnd === -1 ? "" : recorded.subarray(0, headEnd).toString("latin1");
  if (!/^upgrade: *websocket/im.test(head)) return [];
  const messages: Buffer[] = [];
  let fragments: Buffer[] = [];
  for (const { opcode, isFinal, payload } of readFrames(recorded.subarray(headEnd + 4))) {
    if (opcode > BINARY) continue;
    if (opcode !== CONTINUATION) fragments = [];
    fragments.push(payload);
    if (isFinal) messages.push(Buffer.concat(fragments));
  }
  return messages;
}

interface WebSocketFrame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly payload: Buffer;
}

/** Reads the frames (RFC 6455, section 5.2). Omits a frame that is incomplete in the recording. */
function* readFrames(bytes: Buffer): Generator<WebSocketFrame> {
  let at = 0;
  while (at + 2 <= bytes.length) {
    const first = bytes[at]!;
    const second = bytes[at + 1]!;
    if ((first & 0x70) !== 0) {
      throw new Error("the WebSocket is compressed: the search would find nothing in it");
    }
    const { length, headerLength } = readLength(bytes, at, second & 0x7f);
    const isMasked = (second & 0x80) !== 0;
    const start = at + headerLength + (isMasked ? 4 : 0);
    if (start + length > bytes.length) return;
    const payload = Buffer.from(bytes.subarray(start, start + length));
    if (isMasked) unmask(payload, bytes.subarray(start - 4, start));
    yield { opcode: first & 0x0f, isFinal: (first & 0x80) !== 0, payload };
    at = start + length;
  }
}

function readLength(bytes: Buffer, at: number, short: number) {
  if (short < 126) return { length: short, headerLength: 2 };
  const isMedium = short === 126;
  const headerLength = isMedium ? 4 : 10;
  if (at + headerLength > bytes.length) return { length: Number.POSITIVE_INFINITY, headerLength };
  const length = isMedium ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return { length, headerLength };
}

function unmask(payload: Buffer, mask: Buffer): void {
  for (let at = 0; at < payload.length; at++) payload[at]! ^= mask[at % 4]!;
}
