import { type Bytes, concat, decodeHex, encodeHex } from "../bytes.js";
import { DecodeError } from "../errors.js";
import { LayoutReader, uint } from "../wire/layout.js";
import { DEVICE_ID_BYTES, isId } from "./limits.js";

/** Length of an MLS credential's identity in bytes. */
const CREDENTIAL_BYTES = 8 + DEVICE_ID_BYTES;

/** The identity of an MLS credential: a device of a user. */
export interface Credential {
  readonly user_id: number;
  /** 32 lower-case hexadecimal digits. */
  readonly device: string;
}

/** Encodes the identity of a basic MLS credential (docs/PROTOCOL.md, A-13). */
export function encodeCredential({ user_id, device }: Credential): Bytes {
  return concat(uint(user_id, 8), decodeHex(device)!);
}

/** Decodes the identity of a basic MLS credential. @throws {DecodeError} if it has another layout. */
export function decodeCredential(bytes: Uint8Array): Credential {
  const reader = new LayoutReader(bytes);
  const [user_id, device] = [reader.uint(8), encodeHex(reader.bytes(DEVICE_ID_BYTES))];
  if (bytes.length === CREDENTIAL_BYTES && isId(user_id)) return { user_id, device };
  throw new DecodeError("the credential is not a user id and a device id");
}
