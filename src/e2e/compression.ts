import { Inflate } from "fflate";
import { concat } from "../bytes.js";

/** Bytes inflated at a time. Deflate makes at most 1,032 of one, so that a bomb is noticed half a megabyte past the bound. */
const STEP_BYTES = 512;

/** `bytes` as raw deflate (RFC 1951), or undefined where the platform cannot. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const stream = compressionStream();
  if (stream === undefined) return undefined;
  const deflated = new Response(stream.readable).arrayBuffer();
  const writer = stream.writable.getWriter();
  await Promise.all([writer.write(bytes as BufferSource), writer.close()]);
  return new Uint8Array(await deflated);
}

function compressionStream(): CompressionStream | undefined {
  try {
    return new CompressionStream("deflate-raw");
  } catch {
    return undefined;
  }
}

/**
 * What a raw deflate stream that fills `bytes` inflates to, or undefined where it does not: broken, cut short, followed
 * by something, or longer than `longest` bytes inflated.
 */
export function inflate(bytes: Uint8Array, longest: number): Uint8Array | undefined {
  const inflated = inflateBeginning(bytes, longest);
  // fflate does not mind what follows a stream's end. If something does, the stream is complete without it too.
  const isFollowed = inflateBeginning(bytes.subarray(0, -1), longest) !== undefined;
  return isFollowed ? undefined : inflated;
}

/** What the stream at the beginning of `bytes` inflates to. */
function inflateBeginning(bytes: Uint8Array, longest: number): Uint8Array | undefined {
  if (bytes.length === 0) return undefined;
  const parts: Uint8Array[] = [];
  let length = 0;
  const stream = new Inflate((part) => {
    parts.push(part);
    length += part.length;
  });
  try {
    for (let at = 0; at < bytes.length; at += STEP_BYTES) {
      const isLast = at + STEP_BYTES >= bytes.length;
      stream.push(bytes.slice(at, at + STEP_BYTES), isLast);
      if (length > longest) return undefined;
    }
  } catch {
    return undefined;
  }
  return concat(...parts);
}
