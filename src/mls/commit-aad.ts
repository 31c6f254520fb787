import {
  type Bytes,
  concat,
  decodeUuid,
  encodeUuid,
  equalConstantTime,
  isClientId,
} from "../bytes.js";
import { DecodeError } from "../errors.js";
import { LayoutReader, labelled, uint } from "../wire/layout.js";
import type { LogPin } from "./device-log.js";
import { DIGEST_BYTES, isId, MAX_LOG_SEQ } from "./limits.js";

const LABEL = "lacre/commit/1\0";
const UUID_BYTES = 16;
/** Length of one log in bytes: user id, seq and head. */
const LOG_BYTES = 8 + 4 + DIGEST_BYTES;
/** Maximum number of users of a chat. */
export const MAX_USERS = 64;

/** The state of a member's log under which a commit was made. */
export interface NamedLog extends LogPin {
  readonly user_id: number;
}

/** What a commit was made under: its authenticated data (docs/PROTOCOL.md, A-14). */
export interface CommitContext {
  readonly chat_id: number;
  readonly client_id: string;
  /** The log of each member, by ascending user id. */
  readonly logs: readonly NamedLog[];
}

/** Encodes the authenticated data of a commit. @throws {DecodeError} if a field is out of range. */
export function encodeCommitAad({ chat_id, client_id, logs }: CommitContext): Bytes {
  const id = decodeUuid(client_id) ?? new Uint8Array();
  const aad = labelled(LABEL, uint(chat_id, 8), id, encodeNamedLogs(logs));
  decodeCommitAad(aad);
  return aad;
}

/** Decodes the authenticated data of a commit. @throws {DecodeError} if it has another layout, or a field is out of range. */
export function decodeCommitAad(bytes: Uint8Array): CommitContext {
  const reader = new LayoutReader(bytes);
  const isLabelled = equalConstantTime(reader.bytes(LABEL.length), labelled(LABEL));
  const [chat_id, client_id] = [reader.uint(8), encodeUuid(reader.bytes(UUID_BYTES))];
  if (!isLabelled || !isId(chat_id) || !isClientId(client_id)) {
    throw new DecodeError("the authenticated data of the commit is malformed");
  }
  return { chat_id, client_id, logs: decodeNamedLogs(reader.bytes(Math.max(reader.rest, 0))) };
}

/** Encodes the logs of members, which the group context has too (docs/PROTOCOL.md, G-3). @throws {DecodeError} as decoding. */
export function encodeNamedLogs(logs: readonly NamedLog[]): Bytes {
  const parts = logs.map(({ user_id, seq, head }) => concat(uint(user_id, 8), uint(seq, 4), head));
  const bytes = concat(uint(logs.length, 2), ...parts);
  decodeNamedLogs(bytes);
  return bytes;
}

/** Decodes the logs of members. @throws {DecodeError} if they have another layout, or a field is out of range. */
export function decodeNamedLogs(bytes: Uint8Array): NamedLog[] {
  const reader = new LayoutReader(bytes);
  const count = reader.uint(2);
  if (reader.rest !== count * LOG_BYTES || count < 1 || count > MAX_USERS) {
    throw new DecodeError("the logs of the members are malformed");
  }
  const logs = Array.from({ length: count }, () => {
    return { user_id: reader.uint(8), seq: reader.uint(4), head: reader.bytes(DIGEST_BYTES) };
  });
  for (const [at, { user_id, seq }] of logs.entries()) {
    if (!isId(user_id) || user_id <= (logs[at - 1]?.user_id ?? 0) || seq < 1 || seq > MAX_LOG_SEQ) {
      throw new DecodeError("the logs of the members are malformed or out of order");
    }
  }
  return logs;
}
