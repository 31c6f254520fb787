import type { ChatMessage } from "../../messages/chat.js";
import type { CommitRequest } from "../../mls/chat-types.js";

/** Number of key packages of a suite that the server has for a device. */
export interface KeyPackageCount {
  readonly suite: number;
  readonly count: number;
  readonly has_last_resort: boolean;
}

/** An invitation of a device to a chat. */
export interface StoredInvitation {
  readonly invitation_id: number;
  readonly chat_id: number;
  readonly content: Uint8Array;
}

/**
 * The endpoints of a server for devices and MLS chats (docs/PROTOCOL.md, section 15), for the user that is logged in. An error
 * with a `status` from 400 to 499, other than 401, 408 and 429, is a rejection, and its `code` is the server's `error_code`. After
 * any other error, the call is repeated later.
 */
export interface MlsServer {
  /** `GET /users/{user_id}/devices`: all entries after a seq, from all pages. None if the user has no log. */
  entries(userId: number, after: number): Promise<Uint8Array[]>;
  /** `POST /devices`. The password of the user comes with an entry that resets the log. */
  addEntry(entry: Uint8Array, password?: string): Promise<void>;
  /** `PUT /devices/{device}/acceptance` */
  leaveAcceptance(device: string, acceptance: Uint8Array): Promise<void>;
  /** `GET /devices/{device}/acceptance`. Undefined if the device left no acceptance. */
  acceptance(device: string): Promise<Uint8Array | undefined>;
  /** `POST /devices/{device}/key-packages` */
  publish(
    device: string,
    keyPackages: readonly Uint8Array[],
    lastResort: readonly Uint8Array[],
  ): Promise<readonly KeyPackageCount[]>;
  /** `GET /devices/{device}/key-packages` */
  countKeyPackages(device: string): Promise<readonly KeyPackageCount[]>;
  /** `POST /chats/{chat_id}/key-packages/claim`: the key packages of the devices that have one. */
  claim(chatId: number, userIds: readonly number[], suite: number): Promise<Uint8Array[]>;
  /** `POST /chats/{chat_id}/commits` */
  commit(request: CommitRequest): Promise<void>;
  /** `POST /chats/{chat_id}/messages`, for the proposal to leave. */
  send(message: ChatMessage): Promise<void>;
  /** `GET /chats/{chat_id}/group-info` */
  groupInfo(chatId: number): Promise<Uint8Array>;
  /** `GET /invitations`: the oldest one after an id. */
  nextInvitation(device: string, after: number): Promise<StoredInvitation | undefined>;
  /** `DELETE /invitations/{invitation_id}` */
  deleteInvitation(invitationId: number): Promise<void>;
  /** `GET /chats?mls=1`: the ids of the MLS chats that have a group and of which the user is a member. */
  chats(): Promise<number[]>;
}
