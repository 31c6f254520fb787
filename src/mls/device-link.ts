import { textArgument } from "../arguments.js";
import { type Bytes, concat, copyOfBytes, decodeBase64, encodeBase64 } from "../bytes.js";
import { ED25519_KEY_BYTES, isEd25519PublicKey } from "../crypto/ed25519.js";
import { KeyError } from "../errors.js";
import { deviceId, deviceIdBytes } from "./device-id.js";

const PREFIX = "lacre-device:";
const CHECK_BYTES = 3;

/**
 * Writes the public key of a new device as text, for a QR code that an old device reads (docs/PROTOCOL.md, A-12).
 *
 * @param publicKey - 32 bytes.
 * @throws {KeyError} if it is not an Ed25519 public key.
 */
export function writeDeviceLink(publicKey: Uint8Array): string {
  const key = copyOfBytes(publicKey);
  if (key === undefined || !isEd25519PublicKey(key)) {
    throw new KeyError("the public key of a device must be an Ed25519 public key");
  }
  const digits = encodeBase64(concat(key, deviceIdBytes(key).subarray(0, CHECK_BYTES)));
  return PREFIX + digits.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * Reads the text of a new device. Show its id to the user before you add the device.
 *
 * @throws {KeyError} if the text is not that of a device, or has a typing error.
 */
export function readDeviceLink(text: string): { publicKey: Bytes; device: string } {
  const [, digits = ""] =
    /^lacre-device:([\w-]{47})$/.exec(textArgument(text, "text").trim()) ?? [];
  const bytes = decodeBase64(`${digits.replaceAll("-", "+").replaceAll("_", "/")}=`);
  const publicKey = bytes?.slice(0, ED25519_KEY_BYTES) as Bytes | undefined;
  if (!publicKey || !isEd25519PublicKey(publicKey) || writeDeviceLink(publicKey) !== text.trim()) {
    throw new KeyError("the text is not that of a device: it begins with lacre-device:");
  }
  return { publicKey, device: deviceId(publicKey) };
}
