import { KeyError } from "../errors.js";
import { MAX_KEYRING_KEYS } from "../limits.js";
import type { Frame } from "../wire/frame.js";
import { SigningKey } from "./signing-key.js";

/**
 * The keys that a peer may have signed with, for the time in which one replaces another. At most 8. Never put the
 * keys of both directions of a connection into one ring: a frame sent back would verify.
 *
 * ```ts
 * const keys = new Keyring([SigningKey.from(current, { id: "2026" }), SigningKey.from(previous, { id: "2025" })]);
 * ```
 */
export class Keyring {
  readonly keys: readonly SigningKey[];

  /** Throws KeyError for no keys, too many, or two with one id. Keys without an id may be several. */
  constructor(keys: Iterable<SigningKey>) {
    this.keys = Object.freeze([...keys]);
    if (!this.keys.every(SigningKey.isSigningKey))
      throw new KeyError("a keyring holds SigningKeys");
    if (this.keys.length === 0 || this.keys.length > MAX_KEYRING_KEYS) {
      throw new KeyError(`a keyring holds 1 to ${MAX_KEYRING_KEYS} keys`);
    }
    const ids = this.keys.map(({ id }) => id).filter((id) => id !== "");
    if (new Set(ids).size !== ids.length) throw new KeyError("two keys of the keyring have one id");
    Object.freeze(this);
  }
}

/** Whether `value` is something that frames can be verified under. */
export function isKeyOrKeyring(value: unknown): value is SigningKey | Keyring {
  return value instanceof Keyring || SigningKey.isSigningKey(value);
}

/** The key whose tag `frame` bears, and that tag. A wire 2 frame names its key's id, and only keys of that id are tried. */
export function findKey(
  frame: Frame,
  keys: SigningKey | Keyring,
): { readonly key: SigningKey; readonly tag: Uint8Array } | undefined {
  for (const key of keys instanceof Keyring ? keys.keys : [keys]) {
    if (frame.wire === 2 && key.id !== frame.keyId) continue;
    const tag = frame.matchingTag(SigningKey.macOf(key));
    if (tag) return { key, tag };
  }
  return undefined;
}
