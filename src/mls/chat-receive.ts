// What a device makes of a message of its chat.
import { equalConstantTime } from "../bytes.js";
import { type BodyRules, decodeBody } from "../e2e/body.js";
import { DecodeError, LacreError } from "../errors.js";
import type { ChatMessage } from "../messages/chat.js";
import { mlsMessageAad } from "../messages/chat-message-aad.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import { acceptPending, chatOf, isRejoining } from "./chat-commits.js";
import { deviceOf, hasRemovedDevice, type ReadLogs, wasDevice } from "./chat-logs.js";
import { checkCommit, hasAad, isFrom, isLeaving, type Verdict } from "./chat-rules.js";
import type { ChatState } from "./chat-state.js";
import type {
  ChatEvent,
  CommitRequest,
  LostCommit,
  RosterChange,
  UnreadableReason,
} from "./chat-types.js";
import { type MessageHeader, readMessageHeader } from "./clear-fields.js";
import type { Device } from "./device.js";

/** Number of messages of the current or a later epoch, one after another, that do not decrypt, after which a device should rejoin. */
export const MAX_UNREADABLE = 3;

type Received<Definition extends AnyContentDefinition> = {
  readonly state: ChatState;
  readonly event: ChatEvent<Definition>;
};

/** Receives a message of the chat. Never throws for what the message contains. */
export async function receiveMessage<Definition extends AnyContentDefinition>(
  device: Device,
  state: ChatState,
  message: ChatMessage,
  logs: ReadLogs,
  body: BodyRules<Definition>,
): Promise<Received<Definition>> {
  const header = headerOf(message);
  if (header === undefined || message.chat_id !== chatOf(state.group)) {
    return unreadable(state, "wrong_header");
  }
  if (message.device === device.id && message.sender_id === device.user_id) {
    return receiveOwn(device, state, message);
  }
  if (header.content_type === "application") return receiveData(state, message, body);
  return receiveChange(state, message, header, logs);
}

/** Returns the clear header if the fields of the message are the same. */
function headerOf(message: ChatMessage): MessageHeader | undefined {
  try {
    const header = readMessageHeader(message.content);
    const { chat_id, epoch, content_type = "application" } = message;
    const isSame =
      header.chat_id === chat_id && header.epoch === epoch && header.content_type === content_type;
    return isSame && mlsMessageAad(message) !== undefined ? header : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/** Applies the pending commit if this is it. MLS gives a device no way to read its own messages. */
function receiveOwn(device: Device, state: ChatState, message: ChatMessage): Received<never> {
  const { client_id } = message;
  const request = state.pending?.request;
  const isPending =
    request !== undefined &&
    request.message.client_id === client_id &&
    equalConstantTime(request.message.content, message.content);
  if (!isPending) return { state, event: { kind: "own", client_id } };
  const { state: next, change } = acceptPending(state, device)!;
  return { state: next, event: { kind: "roster", ...change } };
}

async function receiveData<Definition extends AnyContentDefinition>(
  state: ChatState,
  message: ChatMessage,
  body: BodyRules<Definition>,
): Promise<Received<Definition>> {
  let received: Awaited<ReturnType<ChatState["group"]["receive"]>>;
  try {
    received = await state.group.receive(message.content, nothing);
  } catch (error) {
    return rejected(state, message, error);
  }
  const { group, received: result } = received;
  if (result.kind !== "application") return unreadable(state, "not_decryptable");
  const sender = deviceOf(result.sender);
  // The key stays, so that the message can be read if the server sends it again as it was.
  if (!isFrom(sender, message) || !hasAad(message, result.authenticatedData)) {
    return unreadable(state, "wrong_header");
  }
  const next = { ...state, group, unreadable: 0 };
  const content = decodeBody(result.data, body, message.timestamp);
  if (content === undefined) return unreadable(next, "malformed");
  // The server can deliver what a removed device writes with keys of the past.
  const isRemoved = group.roster.every((leaf) => deviceOf(leaf).device !== sender.device);
  return { state: next, event: { kind: "content", content, sender, isRemoved } };
}

/** The rules for messages that change nothing. */
const nothing = { credential: () => false, change: () => false };

/** Receives a commit or a proposal. */
async function receiveChange(
  state: ChatState,
  message: ChatMessage,
  { epoch, content_type }: MessageHeader,
  logs: ReadLogs,
): Promise<Received<never>> {
  if (isRejoining(state) && content_type === "commit" && BigInt(epoch) + 1n === state.group.epoch) {
    return { state, event: { kind: "conflict", lost: lostOf(state.pending!.request) } };
  }
  let verdict: Verdict | undefined;
  const rules = {
    credential: (identity: Uint8Array, signatureKey: Uint8Array) =>
      wasDevice({ identity, signatureKey }, logs),
    change(change: Parameters<typeof isLeaving>[0]) {
      if (change.kind === "proposal") return isLeaving(change, message);
      verdict = checkCommit(change, message, state, logs);
      return verdict !== undefined && "change" in verdict;
    },
  };
  let received: Awaited<ReturnType<ChatState["group"]["receive"]>>;
  try {
    received = await state.group.receive(message.content, rules);
  } catch (error) {
    if (verdict !== undefined && "event" in verdict)
      return { state, event: verdict.event as never };
    return rejected(state, message, error);
  }
  const { group, received: result } = received;
  if (result.kind === "application") return unreadable(state, "not_decryptable");
  if (result.kind === "proposal") {
    const next = { ...state, group };
    // The device was removed, and so cannot speak for its user. The next commit removes it anyway.
    if (hasRemovedDevice([result.change.by], logs)) return unreadable(next, "not_decryptable");
    const { user_id } = deviceOf(result.change.by);
    return { state: next, event: { kind: "leaving", user_id } };
  }
  const { change, named } = verdict as Extract<Verdict, { change: RosterChange }>;
  const { pending, ...rest } = state;
  const isStale = hasRemovedDevice(group.roster, logs);
  const next = { ...rest, group, named, unreadable: 0, isStale };
  if (result.kind === "removed") return { state: next, event: { kind: "removed", by: change.by } };
  if (pending === undefined) return { state: next, event: { kind: "roster", ...change } };
  const lost = lostOf(
    pending.request,
    named.map(({ user_id }) => user_id),
  );
  return { state: next, event: { kind: "conflict", ...change, lost } };
}

/** Returns the users that a lost commit was to add and that are no members, and those that it was to remove and that still are. */
function lostOf(
  { message, add, remove }: CommitRequest,
  members: readonly number[] = [],
): LostCommit {
  return {
    client_id: message.client_id!,
    add: add.filter((id) => !members.includes(id)),
    remove: remove.filter((id) => members.includes(id)),
  };
}

/** Returns the event about a message that the group does not accept. */
function rejected(state: ChatState, message: ChatMessage, error: unknown): Received<never> {
  if (!(error instanceof LacreError)) throw error;
  const isCurrent = BigInt(message.epoch!) === state.group.epoch;
  const reason = reasonOf(error, isCurrent);
  const isData = message.content_type === undefined;
  // Without the commit before it, this device cannot follow the group.
  const isAhead = reason === "unknown_epoch";
  const counts = isAhead || (isCurrent && isData && reason === "not_decryptable");
  const count = counts ? Math.min(state.unreadable + 1, MAX_UNREADABLE) : state.unreadable;
  return unreadable({ ...state, unreadable: count }, reason);
}

function reasonOf(error: LacreError, isCurrent: boolean): UnreadableReason {
  if (error.code === "ERR_REPLAYED") return "repeated";
  if (error.code === "ERR_EXPIRED") return "too_old";
  // Too many messages before one of the current epoch are missing.
  if (error.code === "ERR_FROM_FUTURE" && !isCurrent) return "unknown_epoch";
  return "not_decryptable";
}

function unreadable(state: ChatState, reason: UnreadableReason): Received<never> {
  return { state, event: { kind: "unreadable", reason } };
}
