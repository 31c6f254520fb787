import type { Bytes } from "../bytes.js";

/** An MLS cipher suite: 1 is X25519 with AES-128-GCM, 0xf00d is X25519 with ML-KEM-768 (X-Wing) and AES-256-GCM. */
export type Suite = 1 | 0xf00d;

/** Signs with a device's Ed25519 key. The engine does not see the key. */
export interface Signer {
  /** The 32-byte public key. */
  readonly publicKey: Uint8Array;
  /** Returns the 64-byte signature of a message. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** A device: its credential's identity, and its Ed25519 public key. */
export interface Member {
  readonly identity: Uint8Array;
  readonly signatureKey: Uint8Array;
}

/** A device in a group, with its position in the tree. */
export interface Leaf extends Member {
  readonly index: number;
}

/** A group to create. */
export interface NewGroup {
  readonly suite: Suite;
  readonly groupId: Uint8Array;
  /** Identity of this device's credential. */
  readonly identity: Uint8Array;
}

/** Changes of a group: key packages of devices to add, and indices of leaves to remove. */
export interface Changes {
  readonly add?: readonly Uint8Array[];
  readonly remove?: readonly number[];
}

/** What an authentic commit or proposal would change. */
export interface Change {
  readonly kind: "commit" | "proposal";
  /** The device that made it. It has no index if it joins by this commit. */
  readonly by: Member & { readonly index?: number };
  readonly added: readonly Member[];
  readonly removed: readonly Leaf[];
  /** RFC 9420's names of all other proposals in it, such as `psk` or `group_context_extensions`. */
  readonly others: readonly string[];
  readonly authenticatedData: Uint8Array;
}

/** What the caller accepts. Both functions are called with authentic values, and must be pure. */
export interface Rules {
  /** Returns whether a signature key belongs to an identity: the authentication service of RFC 9420, section 5.3.1. */
  credential(identity: Uint8Array, signatureKey: Uint8Array): boolean;
  /** Returns whether a commit or proposal of another device may be applied. */
  change(change: Change): boolean;
}

/** A key package: `publish` is for the server, `keep` has its private keys. */
export interface OwnKeyPackage {
  readonly publish: Bytes;
  readonly keep: Bytes;
}

/** The part of a message that is readable without keys. Only receiving the message authenticates it. */
export interface Header {
  readonly groupId: Uint8Array;
  readonly epoch: bigint;
  readonly contentType: "application" | "proposal" | "commit";
  readonly authenticatedData: Uint8Array;
}

/** What a received message was. After `removed`, this device is no longer in the group. */
export type Received =
  | {
      readonly kind: "application";
      readonly data: Bytes;
      readonly sender: Leaf;
      readonly authenticatedData: Bytes;
    }
  | { readonly kind: "commit" | "proposal" | "removed"; readonly change: Change };
