import { readUint } from "../bytes.js";
import { MIN_PADDED_BYTES } from "../limits.js";

const IS_COMPRESSED = 1;
const HEAD_BYTES = 5;

/** The parts of a padded plaintext: a body, and whether it is compressed. */
export interface Padded {
  readonly isCompressed: boolean;
  readonly body: Uint8Array;
}

/**
 * Returns the length to which a plaintext of `length` bytes is padded: Padmé (Nikitin et al., PETS 2019) with a minimum of
 * 128 bytes. It reveals at most 2·log₂log₂(length) bits of the length, and adds at most 12 % (docs/PROTOCOL.md, section 8).
 */
export function paddedLength(length: number): number {
  const floored = Math.max(length, MIN_PADDED_BYTES);
  const exponent = floorLog2(floored);
  const granule = 2 ** (exponent - (floorLog2(exponent) + 1));
  return Math.ceil(floored / granule) * granule;
}

function floorLog2(value: number): number {
  return 31 - Math.clz32(value);
}

/** Returns the padded plaintext of a body: u8 flags ‖ u32 length ‖ body ‖ zeros. */
export function pad({ isCompressed, body }: Padded): Uint8Array {
  const plaintext = new Uint8Array(paddedLength(HEAD_BYTES + body.length));
  plaintext[0] = isCompressed ? IS_COMPRESSED : 0;
  for (let at = 1; at < HEAD_BYTES; at++) plaintext[at] = body.length >>> (8 * (4 - at));
  plaintext.set(body, HEAD_BYTES);
  return plaintext;
}

/** Returns the body of a padded plaintext, or undefined if `pad` does not produce that plaintext. */
export function unpad(plaintext: Uint8Array): Padded | undefined {
  const flags = plaintext[0]!;
  const bodyEnd = HEAD_BYTES + readUint(plaintext, 1, 4);
  // The comparison also rejects a plaintext that is shorter than its body, than the minimum, or than its head: `readUint` then
  // returns NaN.
  if (flags > IS_COMPRESSED || paddedLength(bodyEnd) !== plaintext.length) return undefined;
  if (plaintext.subarray(bodyEnd).some((byte) => byte !== 0)) return undefined;
  return { isCompressed: flags === IS_COMPRESSED, body: plaintext.subarray(HEAD_BYTES, bodyEnd) };
}
