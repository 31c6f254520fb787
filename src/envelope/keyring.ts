import type { Bytes } from "../bytes.js";
import { KeyError } from "../errors.js";
import { MAX_KEYRING_KEYS } from "../limits.js";
import type { Frame } from "../wire/frame.js";
import { isSigningKey, macOf, type SigningKey } from "./signing-key.js";

/** The keyrings that the constructor has made. `keysOf` accepts no other object. */
const keyrings = /* @__PURE__ */ new WeakSet<Keyring>();

/**
 * A set of 1 to 8 keys of one peer, for the time in which a new key replaces an old one. Never put the keys of both
 * directions of a connection into one keyring: a frame sent back to its author would then verify.
 *
 * ```ts
 * const keys = new Keyring([SigningKey.from(current, { id: "2026" }), SigningKey.from(previous, { id: "2025" })]);
 * ```
 */
export class Keyring {
  /** The keys, in the order in which they are tried. */
  readonly keys: readonly SigningKey[];

  /**
   * Creates a keyring. Several keys may have no id.
   *
   * @param keys - 1 to 8 keys.
   * @throws {KeyError} if there are no keys or more than 8, or if two have the same id.
   */
  constructor(keys: Iterable<SigningKey>) {
    const isIterable =
      typeof (keys as Partial<typeof keys> | null)?.[Symbol.iterator] === "function";
    this.keys = Object.freeze(isIterable ? [...keys] : []);
    if (!this.keys.every(isSigningKey)) throw new KeyError("a keyring must have SigningKeys");
    if (this.keys.length === 0 || this.keys.length > MAX_KEYRING_KEYS) {
      throw new KeyError(`a keyring must have 1 to ${MAX_KEYRING_KEYS} keys`);
    }
    const ids = this.keys.map(({ id }) => id).filter((id) => id !== "");
    if (new Set(ids).size !== ids.length)
      throw new KeyError("two keys of the keyring have the same id");
    keyrings.add(this);
    Object.freeze(this);
  }
}

/** Returns the keys of a SigningKey or a Keyring, or undefined for any other value. */
export function keysOf(value: unknown): readonly SigningKey[] | undefined {
  if (isSigningKey(value)) return [value];
  return keyrings.has(value as Keyring) ? (value as Keyring).keys : undefined;
}

/** Returns the key that signed `frame`, with the tag. For a wire 2 frame it tries only the keys with the frame's key id. */
export function findKey(
  frame: Frame,
  keys: readonly SigningKey[],
): { readonly key: SigningKey; readonly tag: Bytes } | undefined {
  for (const key of keys) {
    if (frame.wire === 2 && key.id !== frame.keyId) continue;
    const tag = frame.matchingTag(macOf(key));
    if (tag) return { key, tag };
  }
  return undefined;
}
