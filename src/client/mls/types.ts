import type { NewContent } from "../../e2e/content.js";
import type { AnyContentDefinition } from "../../messages/define-content.js";
import type { ChatEvent } from "../../mls/chat-types.js";
import type { Credential } from "../../mls/credential.js";
import type { DeviceLog } from "../../mls/device-log.js";
import type { MlsServer } from "./server.js";
import type { MlsStorage } from "./storage.js";

/** What a message of an MLS chat is: a content, also of this device; a change of the roster; or why it cannot be read. */
export type MlsMessage<Definition extends AnyContentDefinition = never> = Exclude<
  ChatEvent<Definition>,
  { readonly kind: "own" | "conflict" }
>;

/** What happens in the MLS chats of a device, other than messages. */
export type MlsEvent =
  /** This device joined a chat, by an invitation or by itself. Follow the chat from now on. */
  | { readonly type: "joined"; readonly chat_id: number }
  /**
   * The device log of a user has new entries. Show them to the user: devices were added or removed. After a `reset`, which the server
   * or a thief of the password can make too, the chats with that user are stopped as after a fork.
   */
  | { readonly type: "log"; readonly log: DeviceLog; readonly before: number }
  /**
   * The server shows two device logs of a user: warn. The chats with that user are stopped until the user decides (see
   * `MlsChats.review`). With `chat_id`, a member names another log in that chat, which the server showed or the member made up, and
   * only that chat is stopped or not joined.
   */
  | { readonly type: "fork"; readonly user_id: number; readonly chat_id: number | undefined }
  /** The user accepted the device log of another user that the server has now: show it in the chats with that user. */
  | { readonly type: "accepted"; readonly user_id: number }
  /** Devices of members are not in a chat, because the server has no key package of them. They cannot read it. */
  | { readonly type: "missing"; readonly chat_id: number; readonly devices: readonly Credential[] }
  /** The history was turned on or off, by this device, another one, or the server. Show it to the user. */
  | { readonly type: "history"; readonly isOn: boolean }
  /** Messages of a chat were restored from the history: read the chat again. */
  | { readonly type: "restored"; readonly chat_id: number; readonly messages: number }
  /** Work on a chat failed. It is repeated, unless the server rejected it. */
  | { readonly type: "error"; readonly chat_id: number | undefined; readonly error: unknown };

/** Options of `MlsChats.open`. */
export interface MlsChatsOptions<Definition extends AnyContentDefinition = never> {
  readonly user_id: number;
  readonly storage: MlsStorage;
  readonly server: MlsServer;
  /** Definitions of the application's own kinds of content. */
  readonly contents?: readonly Definition[];
  /** Called if another program uses the storage. `open` waits until it ends. */
  readonly onWait?: () => void;
  /** Aborts the wait for the storage: `open` then rejects. */
  readonly signal?: AbortSignal;
}

/** An MLS chat, as this device knows it. */
export interface MlsChatInfo {
  readonly chat_id: number;
  readonly suite: 1 | 0xf00d;
  readonly epoch: number;
  /** Ids of the members. */
  readonly members: readonly number[];
  /** The devices in the group. */
  readonly roster: readonly Credential[];
  /** 32 bytes that are the same for all devices that agree about this epoch and all before it. */
  readonly authenticator: Uint8Array;
  /** Whether this device can write. If not, it was removed, or is about to rejoin. */
  readonly isActive: boolean;
}

/** The device log of another user as the server has it now, about which the user is to decide. */
export interface LogReview {
  readonly log: DeviceLog;
  /** Safety number of this user and the other one by this log: 60 digits. Let the user compare it over another channel. */
  readonly safetyNumber: string;
  /**
   * Replaces the stored log by this one, ends the verification of the user, and lets the chats go on. A chat whose last commit names
   * an entry that this log does not have goes on only when the user was removed from it, and added again.
   *
   * @throws what the storage throws.
   */
  accept(): Promise<void>;
}

/** A text that was written and is in no outbox, because the program ended before. Send it again with its client id. */
export interface UnsentContent<Definition extends AnyContentDefinition> {
  readonly chat_id: number;
  readonly client_id: string;
  readonly content: NewContent<Definition>;
}
