import { concat } from "../bytes.js";

/** Compresses bytes to raw deflate (RFC 1951) with CompressionStream. Returns undefined if the platform has none. */
export async function deflateInStream(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const stream = compressionStream();
  if (stream === undefined) return undefined;
  const writer = stream.writable.getWriter();
  const written = Promise.all([writer.write(bytes as BufferSource), writer.close()]);
  const parts: Uint8Array[] = [];
  const reader = stream.readable.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    parts.push(next.value);
  }
  await written;
  return concat(...parts);
}

function compressionStream(): CompressionStream | undefined {
  try {
    return new CompressionStream("deflate-raw");
  } catch {
    return undefined;
  }
}
