/** Largest frame, in bytes. Enough for a content of `MAX_CONTENT_BYTES` as base64, small enough to hold one per connection. */
export const MAX_FRAME_BYTES = 1_048_576;

/** Most containers inside each other, the frame's own included. Chat payloads use four; every level costs a stack frame. */
export const MAX_NESTING = 16;

/** Most array elements and map entries in a frame, over all its containers. Each becomes an object of tens of bytes. */
export const MAX_ELEMENTS = 65_536;

/** Longest `type`, in UTF-8 bytes: a name, read before it is verified. */
export const MAX_TYPE_BYTES = 64;

/** Longest key id, in UTF-8 bytes: a hint, read before it is verified. */
export const MAX_KEY_ID_BYTES = 64;

/** Most keys in a ring. A wire 1 frame is tried under each, so this bounds the work of refusing one. */
export const MAX_KEYRING_KEYS = 8;

/** Seconds for which a frame stays acceptable: a phone that wakes up, not a log that is played back. */
export const DEFAULT_MAX_AGE = 300;

/** Seconds by which two honest clocks may differ. */
export const DEFAULT_CLOCK_TOLERANCE = 60;

/** Most identities that a replay guard remembers: 420 seconds at 300 frames a second, about 20 MB. */
export const DEFAULT_REPLAY_CAPACITY = 131_072;

/** Largest encrypted content of a ChatMessage, in bytes. As base64 (960,000) it leaves room in a frame for the rest. */
export const MAX_CONTENT_BYTES = 720_000;

/** Fewest PBKDF2 iterations that a client accepts, so that no server talks it down to a passphrase that is guessed in seconds. */
export const MIN_ITERATIONS = 100_000;

/** Most PBKDF2 iterations that a client accepts, about half a second of work, so that no server hangs it. */
export const MAX_ITERATIONS = 2_000_000;

/** Shortest salt of a chat key, in bytes: as NIST SP 800-132 asks. */
export const MIN_SALT_BYTES = 16;

/** Longest salt of a chat key, in bytes: one SHA-256 block. */
export const MAX_SALT_BYTES = 64;

/** Shortest padded plaintext, in bytes: what most chat messages fit, so that these all look alike. */
export const MIN_PADDED_BYTES = 128;

/** Bodies from this length are compressed where that makes them shorter, in bytes. */
export const MIN_COMPRESSED_BYTES = 512;

/** Longest body after inflating, in bytes: what a message may cost its reader. */
export const MAX_BODY_BYTES = 1_048_576;

/** Bytes of an HMAC-SHA256 tag. No shorter one is ever accepted. */
export const MAC_BYTES = 32;

/** Bytes of an AES-GCM nonce (NIST SP 800-38D, section 5.2.1.1). No other length is accepted. */
export const AEAD_NONCE_BYTES = 12;

/** Bytes of an AES-GCM tag. No shorter one is ever accepted. */
export const AEAD_TAG_BYTES = 16;

/** Bytes of what tells a wrong passphrase from a right one. */
export const KEY_CHECK_BYTES = 16;

/** Largest time that a payload holds, in seconds: what a JavaScript Date can. */
export const MAX_UNIX_TIME = 8_640_000_000_000;
