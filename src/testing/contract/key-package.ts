import { type Bytes, concat, decodeHex } from "../../bytes.js";
import type { Device } from "../../mls/device.js";
import { uint } from "../../wire/layout.js";
import { random } from "./codec.js";

/** Returns a key package of a device (RFC 9420, section 10) of suite 1, with random keys and signatures that nothing verifies. */
export function keyPackageOf({ user_id, id, publicKey }: Device): Bytes {
  const start = Uint8Array.of(0, 1, 0, 5, 0, 1, 0, 1);
  const key = () => concat(Uint8Array.of(32), random(32));
  const signature = () => concat(Uint8Array.of(0x40, 64), random(64));
  const identity = concat(uint(user_id, 8), decodeHex(id)!);
  const credential = concat(Uint8Array.of(32), publicKey, Uint8Array.of(0, 1, 24), identity);
  const capabilities = new Uint8Array(5);
  const validity = concat(Uint8Array.of(1), new Uint8Array(16));
  const noExtensions = new Uint8Array(1);
  const leaf = concat(key(), credential, capabilities, validity, noExtensions, signature());
  return concat(start, key(), leaf, noExtensions, signature());
}
