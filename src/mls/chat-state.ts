// What a chat stores, and its bytes.
import {
  type Bytes,
  concat,
  copyOfBytes,
  decodeHex,
  decodeUuid,
  encodeHex,
  encodeUuid,
  equalConstantTime,
} from "../bytes.js";
import { DecodeError } from "../errors.js";
import { AEAD_NONCE_BYTES } from "../limits.js";
import { LayoutReader, labelled, uint } from "../wire/layout.js";
import type { CommitRequest } from "./chat-types.js";
import type { NamedLog } from "./commit-aad.js";
import type { Group } from "./engine.js";
import { DEVICE_ID_BYTES, DIGEST_BYTES } from "./limits.js";

const LABEL = "lacre/mls-chat/1\0";
const UUID_BYTES = 16;

/** A commit that is stored and not acknowledged yet. */
export interface Pending {
  /** The group after the commit, without past epochs. Undefined for a rejoin: then the chat's group is already the one after it. */
  readonly group: Group | undefined;
  /** The logs that the commit names. */
  readonly named: readonly NamedLog[];
  readonly request: CommitRequest;
  /** `updatedAt` after the commit. */
  readonly updatedAt: number;
}

/** A chat as one of its devices knows it. */
export interface ChatState {
  readonly group: Group;
  /** The logs that the last commit named. */
  readonly named: readonly NamedLog[];
  /** When this device last replaced its keys, in Unix milliseconds. */
  readonly updatedAt: number;
  /** Number of messages that this device encrypted since then. */
  readonly sent: number;
  /** Number of messages of the current or a later epoch, one after another, that did not decrypt. */
  readonly unreadable: number;
  /** Whether the group has a device that was removed from its user's log: nothing is encrypted to it. A commit removes it. */
  readonly isStale: boolean;
  readonly pending?: Pending | undefined;
}

/** Encodes a state, with its secrets. */
export function encodeChatState(state: ChatState): Bytes {
  const { group, named, updatedAt, sent, unreadable, isStale, pending } = state;
  return labelled(
    LABEL,
    uint(updatedAt, 8),
    uint(sent, 4),
    uint(unreadable, 1),
    uint(isStale ? 1 : 0, 1),
    list(named.map(encodeNamed)),
    part(group.export()),
    uint(pending === undefined ? 0 : 1, 1),
    ...(pending === undefined ? [] : pendingParts(pending)),
  );
}

function pendingParts({ group, named, request, updatedAt }: Pending): Bytes[] {
  const { message, add, remove, invitation, group_info } = request;
  return [
    part(group?.export() ?? new Uint8Array()),
    uint(updatedAt, 8),
    list(named.map(encodeNamed)),
    uint(message.chat_id, 8),
    uint(message.sender_id, 8),
    uint(message.epoch!, 8),
    uint(Math.round(message.timestamp * 1000), 8),
    decodeUuid(message.client_id)!,
    decodeHex(message.device!)!,
    concat(message.nonce),
    part(message.content),
    list(add.map((id) => uint(id, 8))),
    list(remove.map((id) => uint(id, 8))),
    list((invitation?.device_ids ?? []).map((id) => decodeHex(id)!)),
    part(invitation?.content ?? new Uint8Array()),
    part(group_info),
  ];
}

function encodeNamed({ user_id, seq, head }: NamedLog): Bytes {
  return concat(uint(user_id, 8), uint(seq, 4), head);
}

const part = (bytes: Uint8Array) => concat(uint(bytes.length, 4), bytes);
const list = (items: readonly Uint8Array[]) => concat(uint(items.length, 2), ...items);

/**
 * Decodes what `encodeChatState` returned.
 *
 * @throws {DecodeError} if it is malformed.
 */
export async function decodeChatState(stored: Uint8Array): Promise<ChatState> {
  const bytes = copyOfBytes(stored) ?? new Uint8Array();
  const { Group } = await import("./engine.js");
  const reader = new StateReader(bytes);
  if (!equalConstantTime(reader.bytes(LABEL.length), labelled(LABEL))) throw malformed();
  const state = {
    updatedAt: reader.uint(8),
    sent: reader.uint(4),
    unreadable: reader.uint(1),
    isStale: reader.uint(1) === 1,
    named: reader.list(() => reader.named()),
    group: await Group.import(reader.part()),
    pending: reader.uint(1) === 0 ? undefined : await readPending(reader),
  };
  // Also rejects bytes that are missing, or behind the end.
  if (!equalConstantTime(encodeChatState(state), bytes)) throw malformed();
  return state;
}

async function readPending(reader: StateReader): Promise<Pending> {
  const { Group } = await import("./engine.js");
  const group = reader.part();
  const updatedAt = reader.uint(8);
  const named = reader.list(() => reader.named());
  const message = {
    chat_id: reader.uint(8),
    sender_id: reader.uint(8),
    epoch: reader.uint(8),
    timestamp: reader.uint(8) / 1000,
    client_id: encodeUuid(reader.bytes(UUID_BYTES)),
    device: reader.device(),
    nonce: reader.bytes(AEAD_NONCE_BYTES),
    content: reader.part(),
    content_type: "commit" as const,
  };
  const add = reader.list(() => reader.uint(8));
  const remove = reader.list(() => reader.uint(8));
  const device_ids = reader.list(() => reader.device());
  const content = reader.part();
  const request = {
    message,
    add,
    remove,
    ...(device_ids.length > 0 && { invitation: { device_ids, content } }),
    group_info: reader.part(),
  };
  const next = group.length === 0 ? undefined : await Group.import(group);
  return { group: next, named, request, updatedAt };
}

class StateReader extends LayoutReader {
  part(): Bytes {
    return this.bytes(this.uint(4));
  }

  list<T>(read: () => T): T[] {
    const length = this.uint(2);
    if (length > this.rest) throw malformed();
    return Array.from({ length }, read);
  }

  device(): string {
    return encodeHex(this.bytes(DEVICE_ID_BYTES));
  }

  named(): NamedLog {
    return { user_id: this.uint(8), seq: this.uint(4), head: this.bytes(DIGEST_BYTES) };
  }
}

function malformed(): DecodeError {
  return new DecodeError("the stored state of the MLS chat is malformed");
}
