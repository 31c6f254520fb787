import type { VerifiedMessage } from "../envelope/message-protocol.js";
import { MAX_LISTED } from "../limits.js";
import { ChatMessage, StatusEvent } from "../messages/chat.js";
import { Heartbeat, Resume } from "../messages/connection.js";
import { createRegistry } from "../messages/registry.js";
import { answerResume } from "./answers.js";
import type { ConnectionOptions } from "./connection-options.js";
import type { ChatState, Receipt, StoredMessage } from "./message-store.js";
import type { Peer } from "./peer.js";
import { invalidFrame, notAMember, RejectionError } from "./rejection.js";
import { statusErrorCode } from "./status-error-code.js";

/** Maximum size of one answer to a resume, well below the bytes that a slow client may leave unread. */
const PART_BYTES = 256 * 1024;

const registry = /* @__PURE__ */ createRegistry([ChatMessage, Heartbeat, Resume, StatusEvent]);

/** What the handling of a request uses. */
export interface RequestContext<Stored extends StoredMessage, Chat extends ChatState> {
  readonly user_id: number;
  readonly peer: Peer;
  readonly options: Pick<ConnectionOptions<Stored, Chat>, "store" | "onStored" | "onStatus">;
}

/**
 * Handles a verified frame of a client as S-19 of docs/PROTOCOL.md specifies, and sends the answer.
 *
 * @throws {RejectionError} if the request is rejected.
 * @throws {unknown} the other errors of the store and the hooks.
 */
export function handleRequest<Stored extends StoredMessage, Chat extends ChatState>(
  message: VerifiedMessage,
  context: RequestContext<Stored, Chat>,
): void | Promise<void> {
  const parsed = parse(message);
  switch (parsed.type) {
    case "message":
      return handleMessage(parsed.value, context);
    case "resume":
      return handleResume(parsed.value, context);
    case "status":
      return handleStatus(parsed.value, context);
    case "heartbeat":
      return context.peer.answerHeartbeat(parsed.value);
    case "unknown":
      throw new RejectionError(
        "ERR_UNKNOWN_TYPE",
        "unknown frame type: send message, resume, status or heartbeat",
      );
  }
}

function parse(message: VerifiedMessage) {
  const parsed = registry.safeParse(message);
  if (!parsed.success) throw invalidFrame(parsed.error);
  return parsed.value;
}

/** Stores a message, acknowledges it to the sender, then reports it. */
async function handleMessage<Stored extends StoredMessage, Chat extends ChatState>(
  { follows, ...message }: ChatMessage,
  { user_id, peer, options }: RequestContext<Stored, Chat>,
): Promise<void> {
  if (message.sender_id !== user_id) throw notYou("sender_id");
  const { chat_id, client_id } = message;
  peer.checkOrder(chat_id, follows);
  const [stored, hadFailed] = await attempt(peer, client_id, () => options.store.add(message));
  const { message_id, seq, stored_at } = stored;
  const isNew = stored.isNew || hadFailed;
  if (client_id !== undefined) peer.acknowledge({ client_id, chat_id, message_id, seq, stored_at });
  if (isNew) options.onStored?.({ ...message, message_id, seq, stored_at }, stored);
}

/** Sends the messages that a client missed, and after the last part the other members' receipts (S-17). */
async function handleResume<Stored extends StoredMessage, Chat extends ChatState>(
  resume: Resume,
  { user_id, peer, options }: RequestContext<Stored, Chat>,
): Promise<void> {
  const { store } = options;
  const { chat_id, after } = resume;
  const limit = Math.min(resume.limit, MAX_LISTED);
  const page = await store.list(user_id, { chat_id, after, limit, maxBytes: PART_BYTES });
  if (page === undefined) throw notAMember();
  const { last_seq, messages, through } = page;
  const found = { last_seq, messages, maxFrameBytes: PART_BYTES };
  const list = answerResume(
    { chat_id, after, limit },
    through === undefined ? found : { ...found, through },
  );
  peer.sendList(list);
  if (list.has_more) return;
  const chat = await store.findChat(user_id, chat_id);
  for (const receipt of chat?.receipts ?? []) {
    const { event_type, seq } = receipt;
    if (receipt.user_id === user_id || seq === 0) continue;
    peer.sendStatus({ event_type, user_id: receipt.user_id, chat_id, seq });
  }
}

/** Stores a receipt and reports it; reports a typing event. */
async function handleStatus<Stored extends StoredMessage, Chat extends ChatState>(
  status: StatusEvent,
  { user_id, peer, options }: RequestContext<Stored, Chat>,
): Promise<void> {
  const { store } = options;
  const { chat_id, event_type } = status;
  const chat = chat_id === undefined ? undefined : await store.findChat(user_id, chat_id);
  if (chat_id === undefined || chat === undefined) throw notAMember();
  assertValidStatus(status, { user_id, last_seq: chat.last_seq });
  if (event_type !== "read" && event_type !== "delivered") return options.onStatus?.(status, chat);
  if (event_type === "delivered" && !peer.has(event_type)) {
    throw new RejectionError(
      "ERR_VALIDATION",
      "to send delivered, include the capability delivered in hello",
    );
  }
  // A receipt without a seq covers the messages that this connection has sent (S-16).
  const { seq = peer.sentUpTo(chat_id) } = status;
  const receipt: Receipt = { event_type, user_id, chat_id, seq };
  const [isRaised, hadFailed] = await attempt(
    peer,
    `${event_type} ${chat_id}`,
    () => seq > storedSeqOf(receipt, chat) && store.addReceipt(receipt),
  );
  if (isRaised || hadFailed) options.onStatus?.({ ...status, seq }, chat);
}

/**
 * Stores something. Returns the result, and whether the store threw for it before: it may have stored it all the same, and then
 * nothing has reported it.
 */
async function attempt<Result>(
  peer: Peer,
  key: string | undefined,
  store: () => Result | Promise<Result>,
): Promise<[Result, boolean]> {
  try {
    const result = await store();
    return [result, peer.takeFailed(key)];
  } catch (error) {
    if (!(error instanceof RejectionError)) peer.noteFailed(key);
    throw error;
  }
}

function storedSeqOf({ event_type, user_id }: Receipt, { receipts }: ChatState): number {
  const own = receipts.find((one) => one.event_type === event_type && one.user_id === user_id);
  return own?.seq ?? 0;
}

function assertValidStatus(
  status: StatusEvent,
  by: { readonly user_id: number; readonly last_seq: number },
): void {
  const code = statusErrorCode(status, by);
  switch (code) {
    case undefined:
      return;
    case "ERR_FORBIDDEN":
      throw notYou("user_id");
    case "ERR_SEQ_AHEAD":
      throw new RejectionError(code, `the chat's last message has seq ${by.last_seq}`);
    case "ERR_UNSUPPORTED":
      throw new RejectionError(code, "clients may send only read, delivered and typing");
  }
}

function notYou(field: string): RejectionError {
  return new RejectionError("ERR_FORBIDDEN", `${field} must be your own user id`);
}
