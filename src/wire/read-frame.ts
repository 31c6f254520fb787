import { isBytes } from "../bytes.js";
import { DecodeError } from "../errors.js";
import type { Frame } from "./frame.js";
import { isWire1, readWire1 } from "./wire1.js";
import { isWire2, readWire2 } from "./wire2.js";

/**
 * Reads a frame of either wire from a copy of `input`, so that nobody changes the bytes afterwards.
 * Throws DecodeError for anything that is not a frame of at most `maxFrameBytes` bytes.
 */
export function readFrame(input: unknown, maxFrameBytes: number): Frame {
  const bytes = copied(input, maxFrameBytes);
  const firstByte = bytes[0];
  if (isWire1(firstByte)) return readWire1(bytes);
  if (isWire2(firstByte)) return readWire2(bytes);
  throw new DecodeError("malformed frame: it begins as neither wire 1 nor wire 2 does");
}

function copied(input: unknown, maxFrameBytes: number): Uint8Array {
  const isView = isBytes(input);
  if (!isView && Object.prototype.toString.call(input) !== "[object ArrayBuffer]") {
    throw new DecodeError("a frame is bytes: a Uint8Array or an ArrayBuffer");
  }
  const { byteLength } = input as Uint8Array | ArrayBuffer;
  // Asked this way round, a bound that is not a number lets nothing through.
  if (!(byteLength <= maxFrameBytes)) {
    throw new DecodeError(
      `frame beyond its bounds: ${byteLength} bytes of at most ${maxFrameBytes}`,
      {
        code: "ERR_BOUND_EXCEEDED",
      },
    );
  }
  try {
    return isView ? new Uint8Array(input) : new Uint8Array(input as ArrayBuffer).slice();
  } catch (cause) {
    throw new DecodeError("a frame is bytes, and these were transferred away", { cause });
  }
}
