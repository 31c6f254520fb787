import { bufferLength, isUint8Array, lengthOf } from "../bytes.js";
import { MAX_FRAME_BYTES } from "../limits.js";

/**
 * Copies a frame, because the socket may use its buffer again. Of data that is no frame, it copies only what shows that.
 */
export function copyOfFrame(data: unknown): Uint8Array {
  const size = isUint8Array(data) ? lengthOf(data) : bufferLength(data);
  if (size === undefined) return NOTHING;
  const length = Math.min(size, MAX_FRAME_BYTES + 1);
  try {
    const { buffer, byteOffset } = isUint8Array(data) ? data : new Uint8Array(data as ArrayBuffer);
    return new Uint8Array(buffer, byteOffset, length).slice();
  } catch {
    // The buffer is detached.
    return NOTHING;
  }
}

const NOTHING = /* @__PURE__ */ new Uint8Array();
