import { sha256 } from "@noble/hashes/sha2.js";
import { type Bytes, encodeHex } from "../bytes.js";
import { labelled } from "../wire/layout.js";
import { DEVICE_ID_BYTES } from "./limits.js";

/** Returns the 16 bytes of the id of a device: the start of a digest of its public key (docs/PROTOCOL.md, A-2). */
export function deviceIdBytes(publicKey: Uint8Array): Bytes {
  return sha256(labelled("lacre/device/1\0", publicKey)).slice(0, DEVICE_ID_BYTES) as Bytes;
}

/** Returns the id of a device as text: 32 lower-case hexadecimal digits. */
export function deviceId(publicKey: Uint8Array): string {
  return encodeHex(deviceIdBytes(publicKey));
}
