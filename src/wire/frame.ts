import type { Bytes } from "../bytes.js";
import type { HmacSha256 } from "../crypto/hmac.js";
import type { DecodedMap } from "./decode.js";

/** A frame of either wire. Its contents are not authentic until `matchingTag` returns a tag. */
export interface Frame {
  readonly wire: 1 | 2;
  readonly type: string;
  /** Unix time in seconds, if the frame has one. */
  readonly timestamp: number | undefined;
  /** Id of the key that signed the frame, or `""`. */
  readonly keyId: string;
  /** The frame's own UUIDv7, 16 bytes; only wire 2 has one. */
  readonly id: Uint8Array | undefined;
  /** The signature as wire 1 writes it: 64 hex digits, or `""` for an unsigned frame. */
  readonly signature: string;
  /** Whether the frame has a signature, valid or not. */
  readonly isSigned: boolean;
  /** Maximum size in bytes of the frame when it is signed. */
  readonly signedLength: number;

  /** Returns the bytes of the frame in a new array. A wire 2 frame must be signed first. */
  toBytes(): Bytes;
  /**
   * Decodes the payload.
   *
   * @throws {DecodeError} if the payload of a wire 2 frame is malformed, or exceeds a limit. `readFrame` does not scan it.
   */
  decodePayload(): DecodedMap;
  /**
   * Returns the frame with another signature. `timestamp` replaces the time of a wire 1 frame that this library encoded.
   *
   * @throws {ValidationError} if the frame has no timestamp.
   */
  signedBy(mac: HmacSha256, options: { keyId: string; timestamp: number | undefined }): Frame;
  /** Returns the frame's 32-byte tag if it equals the tag that `mac` computes, or undefined. */
  matchingTag(mac: HmacSha256): Bytes | undefined;
}

/** The fields of a new frame; `timestamp` is Unix time in seconds. */
export interface FrameFields {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly timestamp: number;
}
