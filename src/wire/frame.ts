import type { HmacSha256 } from "../crypto/hmac.js";
import type { WireMap } from "./decode.js";

/** What a frame says, on either wire. Nothing of it is authentic before a tag matches. */
export interface Frame {
  readonly wire: 1 | 2;
  readonly type: string;
  /** Unix time in seconds, if the frame has one. */
  readonly timestamp: number | undefined;
  /** Id of the key that signed it, `""` where there is none. */
  readonly keyId: string;
  /** The frame's own UUIDv7, 16 bytes; only wire 2 has one. */
  readonly id: Uint8Array | undefined;
  /** The signature in the form that wire 1 gives it: 64 hex digits, or `""`. */
  readonly signature: string;
  /** Whether it has a signature, right or wrong. */
  readonly isSigned: boolean;
  /** The most bytes that the frame has under any signature. */
  readonly signedLength: number;

  /** The whole frame as it travels, in an array of its own. A wire 2 frame has no such bytes before it is signed. */
  toBytes(): Uint8Array;
  /** Decodes the payload. Throws DecodeError where the wire has not scanned it before. */
  decodePayload(): WireMap;
  /**
   * The same entries under another signature. `timestamp` replaces the one of a wire 1 frame that we encoded.
   * Throws ValidationError if there is no timestamp to sign.
   */
  signedBy(mac: HmacSha256, options: { keyId: string; timestamp: number | undefined }): Frame;
  /** The 32 bytes of the frame's tag if it is the one that `mac` makes. */
  matchingTag(mac: HmacSha256): Uint8Array | undefined;
}

/** What a frame is made of. */
export interface FrameFields {
  readonly type: string;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly timestamp: number;
}
