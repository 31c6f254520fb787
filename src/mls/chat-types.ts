import type { Bytes } from "../bytes.js";
import type { Content } from "../e2e/content.js";
import type { ChatMessage } from "../messages/chat.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import type { Credential } from "./credential.js";
import type { DeviceLog } from "./device-log.js";

/** The device logs that a step needs: those of all members before and after it. Others are ignored. */
export type Logs = Iterable<DeviceLog>;

/** What identifies a message that a step makes. */
export interface MessageIdentity {
  /** UUID in lower case. A repetition with the same id is stored once. */
  readonly client_id: string;
  /** Unix time in seconds, rounded to whole milliseconds. */
  readonly timestamp: number;
}

/** A message to encrypt for a chat. `Sent` is the type of its content. */
export interface ContentToEncrypt<Sent> extends MessageIdentity {
  readonly content: Sent;
}

/** Options of a new chat. */
export interface NewChat extends MessageIdentity {
  readonly chat_id: number;
  /** 0xf00d (X25519 with ML-KEM-768) or 1 (X25519). It cannot be changed later. */
  readonly suite: 1 | 0xf00d;
  /** Ids of the other members, 63 at most. */
  readonly add: Iterable<number>;
  /** Key packages of the members' devices, as the server returned them. */
  readonly keyPackages: Iterable<Uint8Array>;
  readonly logs: Logs;
}

/** Changes to commit. Devices that left the log of their user are always removed, with the leaves of users who leave. */
export interface ChatChanges extends MessageIdentity {
  /** Ids of users to add. Default: none. */
  readonly add?: Iterable<number> | undefined;
  /** Ids of users to remove. Default: none. */
  readonly remove?: Iterable<number> | undefined;
  /** Key packages of devices of members that are not in the group yet, as the server returned them. Default: none. */
  readonly keyPackages?: Iterable<Uint8Array> | undefined;
  readonly logs: Logs;
}

/** An invitation to a chat. */
export interface Invitation {
  readonly chat_id: number;
  /** What the server returned as the content of the invitation. */
  readonly content: Uint8Array;
  /** The kept parts of this device's key packages. */
  readonly keep: Iterable<Uint8Array>;
  readonly logs: Logs;
  /** Unix time in seconds. */
  readonly now: number;
}

/** What a device needs to join by an external commit. */
export interface Rejoin extends MessageIdentity {
  readonly chat_id: number;
  /** The chat's group info, as the server returned it. */
  readonly group_info: Uint8Array;
  readonly logs: Logs;
}

/** The body of `POST /chats/{chat_id}/commits`. The same request can be sent again until the server answers. */
export interface CommitRequest {
  readonly message: ChatMessage;
  /** Ids of the users that the commit adds. */
  readonly add: readonly number[];
  /** Ids of the users that the commit removes. */
  readonly remove: readonly number[];
  /** For the devices that the commit adds: their ids, and what they pass to `MlsChat.join`. */
  readonly invitation?: { readonly device_ids: readonly string[]; readonly content: Bytes };
  /** What other devices need for `MlsChat.rejoin`. */
  readonly group_info: Bytes;
}

/** Changes that a commit made. */
export interface RosterChange {
  /** Epoch after the commit. */
  readonly epoch: bigint;
  /** The device that made the commit. */
  readonly by: Credential;
  /** Devices that came into the group. */
  readonly added: readonly Credential[];
  /** Devices that were removed from it. */
  readonly removed: readonly Credential[];
  /** Ids of users who became members. */
  readonly joined: readonly number[];
  /** Ids of users who are no longer members. */
  readonly left: readonly number[];
}

/** Why a message cannot be read. */
export type UnreadableReason =
  /** Its epoch is no longer retained, or is before this device joined. */
  | "too_old"
  /** Its epoch is later than that of this chat: a commit is missing. */
  | "unknown_epoch"
  /** Its fields differ from what its MLS header or its encryption says: the server changed it. */
  | "wrong_header"
  /** It was read before. */
  | "repeated"
  /** It does not decrypt under the keys of its epoch, or is not valid. */
  | "not_decryptable"
  /** It decrypts, and its content is malformed or too long. */
  | "malformed";

/** What `receive` found. `Definition` is that of the application's own kinds of content. */
export type ChatEvent<Definition extends AnyContentDefinition = never> =
  | {
      /** A message of another device. Its sender is verified. */
      readonly kind: "content";
      readonly content: Content<Definition>;
      readonly sender: Credential;
      /**
       * Whether the device is not in the group any more. It wrote the message before it was removed, or the server helps it to write
       * with keys of past epochs: show that.
       */
      readonly isRemoved: boolean;
    }
  /**
   * A message of this device, which cannot decrypt it. The caller keeps its text by `client_id`. Nothing proves who sent it: if the
   * caller does not know the client id, show it as unreadable.
   */
  | { readonly kind: "own"; readonly client_id: string | undefined }
  /** A commit was applied, of this device or of another one. */
  | ({ readonly kind: "roster" } & RosterChange)
  /**
   * A commit of another device was applied in place of the pending one. `lost` is what the pending one was to change, and is still
   * to be changed. Commit that again, or, if this device was to rejoin, rejoin again.
   */
  | ({ readonly kind: "conflict"; readonly lost: LostCommit } & Partial<RosterChange>)
  /** A user leaves. The next commit of any device removes the user's devices. No device can encrypt before it. */
  | { readonly kind: "leaving"; readonly user_id: number }
  /**
   * Fetch the device logs of these users, and receive the same message again. If the logs have no new entry, the commit names entries
   * that do not exist or that the server withholds: tell the user, and go on to the next message.
   */
  | { readonly kind: "log_needed"; readonly user_ids: readonly number[] }
  /**
   * The commit names another device log of a user than this device has: the server shows two logs. Stop the chat and warn the user.
   * `named` is the seq and head of the commit, which its sender signed.
   */
  | {
      readonly kind: "fork";
      readonly user_id: number;
      readonly named: { readonly seq: number; readonly head: Bytes };
      readonly by: Credential;
    }
  /** This device was removed from the group. It can read messages of past epochs only. */
  | { readonly kind: "removed"; readonly by: Credential }
  /** The message cannot be read. Tell the user that it exists. */
  | { readonly kind: "unreadable"; readonly reason: UnreadableReason };

/** What a commit that was not accepted was to change. */
export interface LostCommit {
  readonly client_id: string;
  /** Ids of users that are still to be added. */
  readonly add: readonly number[];
  /** Ids of users that are still to be removed. */
  readonly remove: readonly number[];
}

/** A commit that a device of the chat should make. */
export interface DueCommit {
  /** `roster`: devices that left a log, or users who leave, are to be removed. `update`: the keys of this device are old. */
  readonly reason: "roster" | "update";
  /** Seconds to wait. If it is still due then, commit. */
  readonly after: number;
}
