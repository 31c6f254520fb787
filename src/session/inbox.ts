import type { ChatMessage } from "../messages/chat.js";
import { Resume } from "../messages/connection.js";
import type { MessageListResponse } from "../messages/lists.js";
import type { SessionAction, SessionNotice } from "./events.js";
import { RecentSet } from "./recent-set.js";
import { Turns } from "./turns.js";

/** Most messages that one `resume` asks for. */
const RESUME_LIMIT = 100;
/** Resumes in a row that were refused, or answered with nothing of use, after which a chat goes on with a gap. */
const MAX_FAILURES = 3;
/** Most bytes of messages that wait for an earlier one, over all chats; a resume brings the others again. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;
/** Bytes that a message takes besides its content. */
const HELD_OVERHEAD = 512;

interface Chat {
  readonly id: number;
  /** Everything up to this seq has been handed over. */
  cursor: number;
  readonly held: Map<number, ChatMessage>;
  /** The seq after which the question that is under way asks. */
  asked: number | undefined;
  failures: number;
  /** Whether it is known that there is more than the cursor has. */
  isBehind: boolean;
}

/** The chats as far as they have been handed over, and what came ahead of its turn. */
export class Inbox {
  turns = new Turns<Chat>();
  readonly #chats = new Map<number, Chat>();
  readonly #seen = new RecentSet();
  readonly #act: (action: SessionAction) => void;
  /** Called for a message of ours that came back before its acknowledgement. */
  readonly #recognise: (message: ChatMessage) => boolean;
  #heldBytes = 0;

  /** Throws ValidationError for a cursor that is none. */
  constructor(
    cursors: Iterable<readonly [chatId: number, seq: number]>,
    act: (action: SessionAction) => void,
    recognise: (message: ChatMessage) => boolean,
  ) {
    for (const [chatId, seq] of cursors) this.#begin(chatId, seq);
    this.#act = act;
    this.#recognise = recognise;
  }

  cursor(chatId: number): number {
    return this.#chats.get(chatId)?.cursor ?? 0;
  }

  /** A chat to catch up with. Throws ValidationError for one that is none. */
  follow(chatId: number): void {
    if (!this.#chats.has(chatId)) this.#begin(chatId);
  }

  /** A message that came by itself. */
  receive(message: ChatMessage): void {
    if (message.seq === undefined) this.#handOver(message);
    else this.#hold(message, message.seq);
  }

  /** A seq that the server gave to a message of ours. */
  acknowledge(message: ChatMessage, seq: number): void {
    this.#seen.add(identityOf(message));
    this.#hold(message, seq);
  }

  /** The answer to a resume; false if it answers none, or not as the protocol has it. */
  answer(list: MessageListResponse): boolean {
    const { chat_id = 0, after, through } = list;
    const chat = this.#chats.get(chat_id);
    if (chat?.asked === undefined || chat.asked !== after) return false;
    if (through === undefined || !isInBounds(list, after, through)) {
      this.refuse(chat_id);
      return false;
    }
    this.#endTurn(chat);
    const isRewound = through < after && chat.cursor === after;
    if (isRewound) this.#rewind(chat, through);
    for (const message of list.messages) {
      if (message.seq! > chat.cursor) this.#handOver(message);
    }
    // What came meanwhile under a seq that seemed old was not held.
    chat.isBehind = list.has_more || isRewound;
    this.#advance(chat, Math.max(chat.cursor, through));
    const isStuck = chat.held.size > 0 && chat.cursor === after;
    if (isRewound || isStuck) this.#fail(chat);
    else chat.failures = 0;
    if (!wantsMore(chat)) this.#notify({ type: "caught_up", chat_id, seq: chat.cursor });
    this.#askForTurn(chat);
    return true;
  }

  /**
   * The resume of a chat, or of what the server says is one, came to nothing; `retryAt` if the server asked for patience,
   * Unix time in seconds. False if there is no such resume.
   */
  refuse(chatId: unknown, retryAt?: number): boolean {
    const chat = this.#chats.get(chatId as number);
    if (chat?.asked === undefined) return false;
    if (retryAt === undefined) {
      this.#endTurn(chat);
      this.#fail(chat);
      this.#askForTurn(chat);
    } else {
      chat.asked = undefined;
      this.turns.postpone(chat, retryAt);
    }
    return true;
  }

  /** A new connection: every chat may have more, and brings again what was held. */
  connect(): void {
    this.turns = new Turns();
    this.#heldBytes = 0;
    for (const { id, cursor } of this.#chats.values()) this.#begin(id, cursor);
  }

  /** The questions to ask now, which are under way from then on; undefined if the connection is none. */
  due(now: number): Resume[] | undefined {
    return this.turns.due(now)?.map((chat) => {
      const after = chat.cursor;
      chat.asked = after;
      return { chat_id: chat.id, after, limit: RESUME_LIMIT };
    });
  }

  #begin(id: number, cursor = 0): Chat {
    Resume.parse({ chat_id: id, after: cursor, limit: RESUME_LIMIT });
    const held = new Map<number, ChatMessage>();
    const chat: Chat = { id, cursor, held, asked: undefined, failures: 0, isBehind: true };
    this.#chats.set(id, chat);
    this.turns.want(chat);
    return chat;
  }

  #endTurn(chat: Chat): void {
    chat.asked = undefined;
    this.turns.end(chat);
  }

  #askForTurn(chat: Chat): void {
    if (wantsMore(chat)) this.turns.want(chat);
    else if (chat.asked === undefined) this.turns.end(chat);
  }

  #hold(message: ChatMessage, seq: number): void {
    const chat = this.#chats.get(message.chat_id) ?? this.#begin(message.chat_id);
    if (seq <= chat.cursor || chat.held.has(seq)) return;
    const bytes = this.#heldBytes + bytesOf(message);
    if (bytes <= MAX_HELD_BYTES || seq === chat.cursor + 1) {
      chat.held.set(seq, message);
      this.#heldBytes = bytes;
    } else {
      chat.isBehind = true;
    }
    this.#advance(chat, chat.cursor);
    this.#askForTurn(chat);
  }

  /** Takes what waits at a seq. */
  #release(chat: Chat, seq: number): ChatMessage | undefined {
    const held = chat.held.get(seq);
    if (held === undefined) return undefined;
    chat.held.delete(seq);
    this.#heldBytes -= bytesOf(held);
    return held;
  }

  /** Moves the cursor to `seq`, and on over what waits there. */
  #advance(chat: Chat, seq: number): void {
    const before = chat.cursor;
    chat.cursor = seq;
    if (seq > before)
      for (const held of chat.held.keys()) if (held <= seq) this.#release(chat, held);
    for (;;) {
      const next = this.#release(chat, chat.cursor + 1);
      if (next === undefined) break;
      chat.cursor += 1;
      this.#handOver(next);
    }
    if (chat.cursor !== before) this.#moveCursor(chat);
  }

  #handOver(message: ChatMessage): void {
    if (this.#recognise(message)) this.#seen.add(identityOf(message));
    else if (this.#seen.add(identityOf(message))) this.#notify({ type: "message", message });
  }

  #fail(chat: Chat): void {
    chat.failures += 1;
    if (chat.failures < MAX_FAILURES) return;
    chat.failures = 0;
    chat.isBehind = false;
    const gap = { type: "gap", chat_id: chat.id, after: chat.cursor } as const;
    if (chat.held.size === 0) return this.#notify(gap);
    const through = Math.min(...chat.held.keys()) - 1;
    this.#notify({ ...gap, through });
    this.#advance(chat, through);
  }

  #rewind(chat: Chat, last_seq: number): void {
    this.#notify({ type: "rewound", chat_id: chat.id, cursor: chat.cursor, last_seq });
    for (const seq of chat.held.keys()) this.#release(chat, seq);
    chat.cursor = last_seq;
    this.#moveCursor(chat);
  }

  #moveCursor({ id, cursor }: Chat): void {
    this.#act({ type: "cursor", chat_id: id, seq: cursor });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }
}

/** Whether it is known that a chat has more than was handed over. */
function wantsMore({ isBehind, held }: Chat): boolean {
  return isBehind || held.size > 0;
}

/** Whether a list is as the answer to a resume is: in order, of its chat, within (after, through], and leading on. */
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
  // An answer that leads nowhere would be asked for without end.
  return (messages.length === 0 || last <= through) && (!has_more || through > after);
}

function bytesOf({ content }: ChatMessage): number {
  return HELD_OVERHEAD + content.length;
}

/** What makes a message the same one, wherever it stands: its client id, or its nonce where it has none. */
function identityOf({ chat_id, sender_id, client_id, nonce }: ChatMessage): string {
  return `${chat_id} ${client_id === undefined ? nonce : `${sender_id} ${client_id}`}`;
}
