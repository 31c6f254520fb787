import type { InvalidVector, Vector, Vectors } from "./vectors.js";

// Types of vectors/mls.json.

/** A device log that a reader accepts. All bytes are hexadecimal. */
export interface ValidDeviceLog extends Vector {
  readonly user_id: number;
  readonly entries: readonly string[];
  readonly head: string;
  readonly base: string;
  readonly recovery_public_key: string;
  /** Ids of the devices that are in the log and not removed. */
  readonly devices: readonly string[];
}

/** An entry that a reader must reject after the entries of `log`, which it accepts. */
export interface InvalidLogEntry extends InvalidVector {
  readonly user_id: number;
  readonly log: readonly string[];
  readonly entry: string;
}

/** A whole device log, and the seq and head that a client pinned. */
export interface PinnedLog {
  readonly user_id: number;
  readonly entries: readonly string[];
  readonly pin: { readonly seq: number; readonly head: string };
}

/** A public key that a device can have, and the device's id. */
export interface ValidDeviceKey extends Vector {
  readonly public_key: string;
  readonly device: string;
}

/** The text of a new device. */
export interface ValidDeviceLink extends ValidDeviceKey {
  readonly text: string;
}

/** Bytes that a device's public key must not be. */
export interface InvalidDeviceKey extends InvalidVector {
  readonly public_key: string;
}

/** Text that a reader must reject: a device's link, or a recovery key. */
export interface InvalidText extends InvalidVector {
  readonly text: string;
}

/** A recovery key as a user typed it, and as it is written. */
export interface ValidRecoveryKey extends Vector {
  readonly typed: string;
  readonly text: string;
  /** Public key of the recovery signing key, in hexadecimal. */
  readonly public_key: string;
}

/** The safety number of two users. */
export interface SafetyNumber extends Vector {
  readonly users: readonly { readonly user_id: number; readonly entries: readonly string[] }[];
  readonly digits: string;
}

/** The identity of an MLS credential. */
export interface ValidCredential extends Vector {
  readonly bytes: string;
  readonly user_id: number;
  readonly device: string;
}

/** The authenticated data of a commit. */
export interface ValidCommitAad extends Vector {
  readonly bytes: string;
  readonly chat_id: number;
  readonly client_id: string;
  readonly logs: readonly NamedLogVector[];
}

/** The log of a member that a commit names. */
export interface NamedLogVector {
  readonly user_id: number;
  readonly seq: number;
  readonly head: string;
}

/** The logs of members in a group info. */
export interface ValidNamedLogs extends Vector {
  readonly bytes: string;
  readonly logs: readonly NamedLogVector[];
}

/** The authenticated data of a message, and the fields of the message. */
export interface ValidMessageAad extends Vector {
  readonly bytes: string;
  readonly chat_id: number;
  readonly sender_id: number;
  readonly timestamp: number;
  readonly client_id: string;
}

/** An MLSMessage, and what its clear fields say. It does not decrypt. */
export interface ValidMessageHeader extends Vector {
  readonly bytes: string;
  readonly chat_id: number;
  readonly epoch: number;
  readonly content_type: "application" | "proposal" | "commit";
}

/** A key package, and what it says. Its signatures are not valid. */
export interface ValidKeyPackageHeader extends Vector {
  readonly bytes: string;
  readonly suite: number;
  readonly user_id: number;
  readonly device: string;
  readonly public_key: string;
}

/** Bytes that do not have the layout that they should have. */
export interface InvalidLayout extends InvalidVector {
  readonly bytes: string;
}

/** A history key that a reader accepts with a device log, and its id. */
export interface ValidHistoryKey extends Vector {
  /** Text of the recovery key. */
  readonly recovery_key: string;
  readonly user_id: number;
  readonly entries: readonly string[];
  readonly bytes: string;
  readonly id: string;
}

/** A history chunk that a reader accepts with a device log, and its messages or pins. */
export interface ValidHistoryChunk extends Omit<ValidHistoryKey, "id"> {
  readonly chat_id: number;
  readonly first_seq: number;
  readonly last_seq: number;
  readonly messages?: readonly Readonly<Record<string, unknown>>[];
  readonly pins?: readonly {
    readonly user_id: number;
    readonly seq: number;
    readonly head: string;
    readonly is_verified: boolean;
  }[];
}

/** A history key or chunk that a reader must reject, with the device log that it has. */
export interface InvalidHistory extends InvalidVector {
  readonly user_id: number;
  readonly entries: readonly string[];
  readonly bytes: string;
}

/** The vectors of devices and of the other layouts of MLS chats. */
export interface MlsVectors extends Vectors<ValidDeviceLog, InvalidLogEntry> {
  readonly pins: Vectors<PinnedLog & Vector, PinnedLog & InvalidVector>;
  readonly device_keys: Vectors<ValidDeviceKey, InvalidDeviceKey>;
  readonly links: Vectors<ValidDeviceLink, InvalidText>;
  readonly recovery_keys: Vectors<ValidRecoveryKey, InvalidText>;
  readonly safety_numbers: readonly SafetyNumber[];
  readonly credentials: Vectors<ValidCredential, InvalidLayout>;
  readonly commits: Vectors<ValidCommitAad, InvalidLayout>;
  readonly message_aads: readonly ValidMessageAad[];
  readonly named_logs: Vectors<ValidNamedLogs, InvalidLayout>;
  readonly message_headers: Vectors<ValidMessageHeader, InvalidLayout>;
  readonly key_package_headers: Vectors<ValidKeyPackageHeader, InvalidLayout>;
  readonly history_keys: Vectors<ValidHistoryKey, InvalidHistory>;
  readonly history_chunks: Vectors<ValidHistoryChunk, InvalidHistory>;
}
