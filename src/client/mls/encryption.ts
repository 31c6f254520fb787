import { type Bytes, concat, encodeUtf8 } from "../../bytes.js";
import type { AesGcm } from "../../crypto/aead.js";
import { randomBytes } from "../../crypto/random.js";
import { AEAD_NONCE_BYTES } from "../../limits.js";
import type { Device } from "../../mls/device.js";

// What storages encrypt at rest. The name is authenticated, so that what is stored under one name cannot be read under another.

const LABEL = "lacre/store/1\0";
const aadOf = (name: string) => encodeUtf8(`${LABEL}${name}`);

/** Returns a random nonce and the ciphertext of bytes that are stored under a name. */
export async function encryptStored(aes: AesGcm, name: string, bytes: Uint8Array): Promise<Bytes> {
  const nonce = randomBytes(AEAD_NONCE_BYTES);
  return concat(nonce, await aes.encrypt(nonce, bytes, aadOf(name)));
}

/** Returns the bytes that `encryptStored` encrypted. Rejects if they are damaged, or of another name or key. */
export async function decryptStored(aes: AesGcm, name: string, stored: Uint8Array): Promise<Bytes> {
  const nonce = stored.subarray(0, AEAD_NONCE_BYTES);
  return aes.decrypt(nonce, stored.subarray(AEAD_NONCE_BYTES), aadOf(name));
}

/** Name under which values are encrypted. */
export const valueName = (key: string) => `values/${key}`;

/** Length of the id of the user, before the private key. */
const ID_BYTES = 8;

/** Returns the id of the user and the private key of an extractable device, encrypted. */
export function encryptDevice(aes: AesGcm, device: Device): Promise<Bytes> {
  const id = new Uint8Array(ID_BYTES);
  new DataView(id.buffer).setFloat64(0, device.user_id);
  return encryptStored(aes, "device", concat(id, device.export()));
}

/** Returns the device that `encryptDevice` encrypted. */
export async function decryptDevice(aes: AesGcm, stored: Uint8Array): Promise<Device> {
  const bytes = await decryptStored(aes, "device", stored);
  const user_id = new DataView(bytes.buffer).getFloat64(0);
  return deviceFrom(bytes.subarray(ID_BYTES), { user_id, extractable: true });
}

/** Calls `Device.from`, which is loaded on demand, because programs without MLS chats import the same entries. */
export const deviceFrom: typeof Device.from = async (material, options) => {
  const { Device } = await import("../../mls/device.js");
  return Device.from(material, options);
};
