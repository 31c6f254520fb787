import type { Device } from "../../mls/device.js";
import type { LockOptions } from "../storage.js";

/** A change of one value; undefined removes it. */
export type StoredChange = readonly [key: string, value: Uint8Array | undefined];

/**
 * Stores the device of a user, and values by key: the states of its MLS chats, their messages, and device logs. The values contain
 * secrets and plaintext: an implementation encrypts them at rest, and leaves no earlier value readable. Keys contain the letters
 * a to z, digits, `-` and `/`, and are not secret.
 */
export interface MlsStorage {
  /** Whether devices must be `extractable`, because the storage keeps the bytes of their keys. Read it after `lock`. */
  readonly needsExport: boolean;
  /**
   * Waits until no other program uses the storage, because a state that two programs use is broken. Resolves with a function that
   * ends the use.
   */
  lock(options: LockOptions): Promise<() => void | Promise<void>>;
  /** Returns the device that `saveDevice` stored. */
  loadDevice(): Promise<Device | undefined>;
  /** Stores the device, and replaces an earlier one. */
  saveDevice(device: Device): Promise<void>;
  /** Returns the value of a key; undefined if the key is not stored. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Returns the keys that begin with a prefix, sorted. */
  keys(prefix: string): Promise<string[]>;
  /** Makes all changes, or none, and resolves when they survive a power failure. */
  write(changes: Iterable<StoredChange>): Promise<void>;
  /** Removes the device, all values, and the key that encrypts them, for example at a logout. */
  clear(): Promise<void>;
}
