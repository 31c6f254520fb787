/** Maximum frame size in bytes. A content of `MAX_CONTENT_BYTES` fits as base64, and a server can buffer one per connection. */
export const MAX_FRAME_BYTES = 1_048_576;

/** Maximum number of nested containers, including the frame's own. Chat payloads use four. Each level uses a stack frame. */
export const MAX_NESTING = 16;

/** Maximum number of array elements and map entries in a frame, over all containers. Each takes tens of bytes when decoded. */
export const MAX_ELEMENTS = 65_536;

/** Maximum number of maps with a key that starts with a digit: engines reserve up to 12 kB for a copy of each such map. */
export const MAX_MAPS_WITH_NUMERIC_KEYS = 1024;

/** Maximum number of chats in a `chat_list` and messages in a `message_list`. A frame would fit 6,000 empty messages. */
export const MAX_LISTED = 1000;

/** Maximum number of users in an MLS chat. */
export const MAX_MEMBERS = 64;

/** Maximum length of a `type` in UTF-8 bytes. It is read before the frame is verified. */
export const MAX_TYPE_BYTES = 64;

/** Maximum length of a key id in UTF-8 bytes. It is read before the frame is verified. */
export const MAX_KEY_ID_BYTES = 64;

/** Maximum number of keys in a keyring. Each is tried on a wire 1 frame, so this limits the cost of a forged frame. */
export const MAX_KEYRING_KEYS = 8;

/** Maximum age of a frame in seconds: enough for a phone that was asleep. */
export const DEFAULT_MAX_AGE = 300;

/** Maximum difference in seconds between the clocks of two peers. */
export const DEFAULT_CLOCK_TOLERANCE = 60;

/** Maximum number of identities that a replay guard remembers: 420 seconds of 300 frames per second, about 20 MB. */
export const DEFAULT_REPLAY_CAPACITY = 131_072;

/** Maximum size of a ChatMessage's encrypted content in bytes. As base64 (960,000 bytes) it leaves room for the other fields. */
export const MAX_CONTENT_BYTES = 720_000;

/** Minimum number of PBKDF2 iterations that a client accepts: with fewer, a malicious server could guess passphrases in seconds. */
export const MIN_ITERATIONS = 100_000;

/** Maximum number of PBKDF2 iterations that a client accepts, about half a second: with more, a malicious server could block it. */
export const MAX_ITERATIONS = 2_000_000;

/** Minimum length of a chat key's salt in bytes (NIST SP 800-132, section 5.1). */
export const MIN_SALT_BYTES = 16;

/** Maximum length of a chat key's salt in bytes: one SHA-256 block. */
export const MAX_SALT_BYTES = 64;

/** Minimum length of a padded plaintext in bytes. Most chat messages fit, and so have the same length. */
export const MIN_PADDED_BYTES = 128;

/** Minimum length in bytes of a body that is compressed, if the application enables compression. */
export const MIN_COMPRESSED_BYTES = 512;

/** Default maximum length of an uncompressed body in bytes: about 100 pages of text. */
export const DEFAULT_MAX_BODY_BYTES = 131_072;

/** Largest value of the `maxBodyBytes` option. */
export const MAX_BODY_BYTES = 1_048_576;

/** Length of an HMAC-SHA256 tag in bytes. Shorter tags are rejected. */
export const MAC_BYTES = 32;

/** Length of an AES-GCM nonce in bytes (NIST SP 800-38D, section 5.2.1.1). Other lengths are rejected. */
export const AEAD_NONCE_BYTES = 12;

/** Length of an AES-GCM tag in bytes. Shorter tags are rejected. */
export const AEAD_TAG_BYTES = 16;

/** Length in bytes of a key check, by which a client recognises a wrong passphrase. */
export const KEY_CHECK_BYTES = 16;

/** Maximum time, Unix time in seconds: in the year 5138. Times in milliseconds are larger, from the year 1973 on. */
export const MAX_UNIX_TIME = 100_000_000_000;
