import { listArgument } from "../arguments.js";
import type { ChatMessage } from "../messages/chat.js";
import { Resume } from "../messages/connection.js";
import type { MessageListResponse } from "../messages/lists.js";
import type { SessionAction, SessionNotice } from "./events.js";
import { RecentMap } from "./recent-map.js";
import { Slots } from "./slots.js";

/** Maximum number of messages that one `resume` requests. */
const RESUME_LIMIT = 500;
/** Number of consecutive resumes, rejected or answered without progress, after which a chat continues with a gap. */
const MAX_FAILURES = 3;
/** Seconds to wait after a first and a second failed resume, so that a lagging database replica can catch up. */
const RETRY_DELAYS = [1, 4];
/**
 * Limits resumes whose answers hold few messages, so that a malicious server cannot make a client send resumes at network
 * speed. An answer costs its chat 0.1 s, less a tenth of that for each message in it. A chat may spend 10 s in advance.
 */
const ANSWER_COST = 0.1;
const ANSWER_BURST = 10;
/** Maximum number of chats that a session follows only because it received a message of them. */
const MAX_NAMED_CHATS = 1000;
/** Maximum size of the buffered messages of all chats, in bytes. Messages beyond it are dropped and requested again later. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** Estimated size of a message without its content, in bytes. */
const MESSAGE_OVERHEAD = 512;

interface Chat {
  readonly id: number;
  /** All messages up to this seq are delivered. */
  cursor: number;
  /** Messages that wait for an earlier one, by seq. */
  readonly buffered: Map<number, ChatMessage>;
  /** `after` of the resume in flight. */
  asked: number | undefined;
  /** Number of consecutive failed resumes. */
  failures: number;
  /** Whether the server may have messages after the cursor. */
  isBehind: boolean;
  /** Time up to which answers have used the chat's time budget, Unix time in seconds. */
  usedUntil: number;
  /**
   * Whether frames were lost after the resume in flight was sent. Its answer may not contain them, so another resume follows.
   */
  isAskedAgain: boolean;
}

/**
 * The received side of a session: delivers each chat's messages once and in order, and requests missing ones (section 11 of
 * docs/PROTOCOL.md).
 */
export class Inbox {
  #slots = new Slots<Chat>();
  readonly #chats = new Map<number, Chat>();
  /** Those of the chats that only a message named. */
  readonly #named = new Set<number>();
  /** The seq of each message that was recently delivered, or sent by this session. */
  readonly #seen = new RecentMap<number | undefined>();
  readonly #act: (action: SessionAction) => void;
  /** Returns whether a message is one of the outbox that arrives before its acknowledgement. */
  readonly #recognise: (message: ChatMessage) => boolean;
  #bufferedBytes = 0;

  /** @throws {ValidationError} if a cursor has an invalid chat id or seq. */
  constructor(
    cursors: Iterable<readonly [chatId: number, seq: number]>,
    act: (action: SessionAction) => void,
    recognise: (message: ChatMessage) => boolean,
  ) {
    for (const cursor of cursors) {
      const [chatId, seq] = listArgument<number>(cursor, "options.cursors");
      this.#begin(chatId!, seq);
    }
    this.#act = act;
    this.#recognise = recognise;
  }

  cursor(chatId: number): number {
    return this.#chats.get(chatId)?.cursor ?? 0;
  }

  /**
   * Starts to follow a chat from its first message, unless it is followed.
   *
   * @throws {ValidationError} if the chat id is invalid.
   */
  follow(chatId: number): void {
    this.#named.delete(chatId);
    if (!this.#chats.has(chatId)) this.#begin(chatId);
  }

  /** Handles a message that is not part of a list. */
  receive(message: ChatMessage): void {
    const { chat_id, seq } = message;
    if (seq === undefined) return this.#deliver(message);
    if (!this.#chats.has(chat_id)) {
      if (this.#named.size === MAX_NAMED_CHATS)
        return this.#notify({ type: "refused", reason: "chat", error: undefined });
      this.#begin(chat_id);
      this.#named.add(chat_id);
    }
    this.#buffer(message, seq);
  }

  /** Handles the seq that the server assigned to a message of this session's outbox. */
  acknowledge(message: ChatMessage, seq: number): void {
    this.#seen.add(identityOf(message), seq);
    this.follow(message.chat_id);
    this.#buffer({ ...message, seq }, seq);
  }

  /** Handles the answer to a resume. Returns false if no such resume is in flight, or the list violates the protocol. */
  answer(list: MessageListResponse, now: number): boolean {
    const { chat_id = 0, after, through } = list;
    const chat = this.#chats.get(chat_id);
    if (chat?.asked === undefined || chat.asked !== after) return false;
    if (through === undefined || !isInBounds(list, after, through)) {
      this.reject(chat_id, now);
      return false;
    }
    this.#releaseSlot(chat);
    const isRewound = through < after && chat.cursor === after;
    if (isRewound) this.#rewind(chat, through);
    for (const message of list.messages) {
      if (message.seq! > chat.cursor) this.#deliver(message);
    }
    // Messages that arrived before this answer, with a seq below the old cursor, were dropped: a rewound chat needs another
    // resume.
    chat.isBehind = list.has_more || isRewound || chat.isAskedAgain;
    chat.isAskedAgain = false;
    this.#advance(chat, Math.max(chat.cursor, through));
    const isStuck = chat.buffered.size > 0 && chat.cursor === after;
    if (isRewound || isStuck) this.#fail(chat);
    else chat.failures = 0;
    if (!wantsMore(chat)) this.#notify({ type: "caught_up", chat_id, seq: chat.cursor });
    const busy = chargeAnswer(chat, list.messages.length, now);
    this.#requestSlotLater(chat, isStuck ? retryDelay(chat) : busy, now);
    return true;
  }

  /**
   * Handles the rejection of a chat's resume. `retryAt` is when to retry, Unix time in seconds; undefined if the server named
   * none. Returns false if no resume of that chat is in flight.
   */
  reject(chatId: unknown, now: number, retryAt?: number): boolean {
    const chat = this.#chats.get(chatId as number);
    if (chat?.asked === undefined) return false;
    if (retryAt === undefined) {
      this.#releaseSlot(chat);
      this.#fail(chat);
      this.#requestSlotLater(chat, retryDelay(chat), now);
    } else {
      chat.asked = undefined;
      this.#slots.postpone(chat, retryAt, now);
    }
    return true;
  }

  /** Starts a new connection: drops the buffered messages and requests each chat's messages after its cursor. */
  connect(): void {
    this.#slots = new Slots();
    this.#bufferedBytes = 0;
    for (const { id, cursor } of this.#chats.values()) this.#begin(id, cursor);
  }

  /** Sends a resume for each chat, after frames of this connection were lost. */
  resumeAll(): void {
    for (const chat of this.#chats.values()) {
      chat.isBehind = true;
      chat.isAskedAgain = chat.asked !== undefined;
      this.#slots.request(chat);
    }
  }

  /** Returns the resumes to send now and counts them as in flight. Returns undefined if the connection does not answer. */
  due(now: number): Resume[] | undefined {
    return this.#slots.due(now)?.map((chat) => {
      const after = chat.cursor;
      chat.asked = after;
      return { chat_id: chat.id, after, limit: RESUME_LIMIT };
    });
  }

  /** When to call `due` again, Unix time in seconds. */
  get deadline(): number {
    return this.#slots.deadline;
  }

  #begin(id: number, cursor = 0): void {
    Resume.parse({ chat_id: id, after: cursor, limit: RESUME_LIMIT });
    const buffered = new Map<number, ChatMessage>();
    const chat: Chat = {
      id,
      cursor,
      buffered,
      asked: undefined,
      failures: 0,
      isBehind: true,
      isAskedAgain: false,
      usedUntil: Number.NEGATIVE_INFINITY,
    };
    this.#chats.set(id, chat);
    this.#slots.request(chat);
  }

  #releaseSlot(chat: Chat): void {
    chat.asked = undefined;
    this.#slots.release(chat);
  }

  #requestSlot(chat: Chat): void {
    if (wantsMore(chat)) this.#slots.request(chat);
    else if (chat.asked === undefined) this.#slots.release(chat);
  }

  /** Requests another slot after `delay` seconds for a chat that has more messages. */
  #requestSlotLater(chat: Chat, delay: number, now: number): void {
    if (wantsMore(chat) && delay > 0) this.#slots.postpone(chat, now + delay, now);
    else this.#requestSlot(chat);
  }

  #buffer(message: ChatMessage, seq: number): void {
    const chat = this.#chats.get(message.chat_id)!;
    if (seq <= chat.cursor || chat.buffered.has(seq)) return;
    const bytes = this.#bufferedBytes + bytesOf(message);
    if (bytes <= MAX_BUFFERED_BYTES || seq === chat.cursor + 1) {
      chat.buffered.set(seq, message);
      this.#bufferedBytes = bytes;
    } else {
      chat.isBehind = true;
    }
    this.#advance(chat, chat.cursor);
    this.#requestSlot(chat);
  }

  /** Removes and returns the message that is buffered at a seq. */
  #takeBuffered(chat: Chat, seq: number): ChatMessage | undefined {
    const buffered = chat.buffered.get(seq);
    if (buffered === undefined) return undefined;
    chat.buffered.delete(seq);
    this.#bufferedBytes -= bytesOf(buffered);
    return buffered;
  }

  /** Moves the cursor to `seq`, then delivers the buffered messages that directly follow. */
  #advance(chat: Chat, seq: number): void {
    const before = chat.cursor;
    chat.cursor = seq;
    if (seq > before)
      for (const buffered of chat.buffered.keys())
        if (buffered <= seq) this.#takeBuffered(chat, buffered);
    for (;;) {
      const next = this.#takeBuffered(chat, chat.cursor + 1);
      if (next === undefined) break;
      chat.cursor += 1;
      this.#deliver(next);
    }
    if (chat.cursor !== before) this.#moveCursor(chat, before);
  }

  #deliver(message: ChatMessage): void {
    const identity = identityOf(message);
    const { seq } = message;
    const isOwn = this.#recognise(message);
    const isNew = this.#seen.add(identity, seq);
    if (isOwn) return;
    if (isNew) this.#notify({ type: "message", message });
    else if (this.#seen.get(identity) !== seq)
      this.#notify({ type: "refused", reason: "repeat", error: undefined });
  }

  #fail(chat: Chat): void {
    chat.failures += 1;
    if (chat.failures < MAX_FAILURES) return;
    chat.failures = 0;
    chat.isBehind = false;
    const gap = { type: "gap", chat_id: chat.id, after: chat.cursor } as const;
    if (chat.buffered.size === 0) return this.#notify(gap);
    const through = Math.min(...chat.buffered.keys()) - 1;
    this.#notify({ ...gap, through });
    this.#advance(chat, through);
  }

  #rewind(chat: Chat, last_seq: number): void {
    const { id, cursor } = chat;
    this.#notify({ type: "rewound", chat_id: id, cursor, last_seq });
    for (const seq of chat.buffered.keys()) this.#takeBuffered(chat, seq);
    // The caller drops these messages, so they are delivered again if the server has them after all.
    this.#seen.remove((key, seq = 0) => seq > last_seq && key.startsWith(`${id} `));
    chat.cursor = last_seq;
    this.#moveCursor(chat, cursor);
  }

  #moveCursor({ id, cursor }: Chat, from: number): void {
    this.#act({ type: "cursor", chat_id: id, from, seq: cursor });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }
}

/** Whether a chat has, or may have, messages that are not delivered. */
function wantsMore({ isBehind, buffered }: Chat): boolean {
  return isBehind || buffered.size > 0;
}

/** Returns the seconds to wait after a chat's last failure; 0 after the failure that caused a gap. */
function retryDelay({ failures }: Chat): number {
  return RETRY_DELAYS[failures - 1] ?? 0;
}

/** Charges a chat for an answer with `count` messages, and returns the seconds to wait before its next resume. */
function chargeAnswer(chat: Chat, count: number, now: number): number {
  const cost = ANSWER_COST * Math.max(0, 1 - count / 10);
  chat.usedUntil = Math.max(chat.usedUntil, now) + cost;
  return chat.usedUntil - now - ANSWER_BURST;
}

/**
 * Whether a list is a valid answer to a resume: in order, of its chat, within (after, through], with progress if it has more.
 */
function isInBounds(
  { chat_id, messages, has_more }: MessageListResponse,
  after: number,
  through: number,
): boolean {
  let last = after;
  for (const { chat_id: of, seq = 0 } of messages) {
    if (of !== chat_id || seq <= last) return false;
    last = seq;
  }
  // With `has_more` and no progress, the client would send the same resume forever.
  return (messages.length === 0 || last <= through) && (!has_more || through > after);
}

function bytesOf({ content }: ChatMessage): number {
  return MESSAGE_OVERHEAD + content.length;
}

/** Returns the identity of a message, whatever its seq: by its client id, or by its nonce if it has none. */
function identityOf({ chat_id, sender_id, client_id, nonce }: ChatMessage): string {
  return `${chat_id} ${client_id === undefined ? nonce : `${sender_id} ${client_id}`}`;
}
