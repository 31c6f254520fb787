import { bufferLength, isUint8Array, lengthOf } from "../bytes.js";
import { DecodeError } from "../errors.js";
import type { Frame } from "./frame.js";
import { isWire1, readWire1 } from "./wire1.js";
import { isWire2, readWire2 } from "./wire2.js";

/**
 * Reads a frame of either wire. It copies `input`, because the caller could change those bytes later.
 *
 * @throws {DecodeError} if `input` is not a frame of at most `maxFrameBytes` bytes.
 */
export function readFrame(input: unknown, maxFrameBytes: number): Frame {
  const bytes = copyOfInput(input, maxFrameBytes);
  const firstByte = bytes[0];
  if (isWire1(firstByte)) return readWire1(bytes);
  if (isWire2(firstByte)) return readWire2(bytes);
  throw new DecodeError("malformed frame: neither wire 1 nor wire 2");
}

function copyOfInput(input: unknown, maxFrameBytes: number): Uint8Array {
  const isView = isUint8Array(input);
  const length = isView ? lengthOf(input) : bufferLength(input);
  if (length === undefined) {
    throw new DecodeError("a frame must be a Uint8Array or an ArrayBuffer");
  }
  // The negated comparison rejects every frame if the limit is NaN.
  if (!(length <= maxFrameBytes)) {
    throw new DecodeError(`frame exceeds a limit: ${length} bytes of at most ${maxFrameBytes}`, {
      code: "ERR_BOUND_EXCEEDED",
    });
  }
  try {
    return isView ? new Uint8Array(input) : new Uint8Array(input as ArrayBuffer).slice();
  } catch (cause) {
    throw new DecodeError("the frame's buffer is detached", { cause });
  }
}
