import { encodeHex } from "../bytes.js";
import type { ChatMessage } from "../messages/chat.js";
import type { MessageListResponse } from "../messages/lists.js";
import type { SessionAction, SessionNotice } from "./events.js";
import { RecentSet } from "./recent-set.js";

/** Most messages that one `resume` asks for. */
const RESUME_LIMIT = 100;
/** Seconds after which a `resume` without an answer is asked again. */
const RESUME_TIMEOUT = 10;
/** Askings without an answer after which the connection is given up: silence is the network's, and makes no gap. */
const MAX_ATTEMPTS = 3;
/** Resumes in a row that were refused, or answered with nothing of use, after which a chat goes on with a gap. */
const MAX_FAILURES = 3;
/** Most messages of one chat that wait for an earlier one; a resume brings the others again. */
const MAX_HELD = 256;

/** What stands at a seq: a message, or one of ours that was acknowledged. */
type Held = ChatMessage | "acknowledged";

interface Chat {
  /** Everything up to this seq has been handed over. */
  cursor: number;
  readonly held: Map<number, Held>;
  /** The question that is under way, and when to ask it again. */
  resume: { readonly after: number; deadline: number; attempts: number } | undefined;
  /** When to ask again after the server asked for patience, Unix time in seconds. */
  patience: number | undefined;
  failures: number;
  /** Whether it is known that there is more than the cursor has. */
  isBehind: boolean;
}

/** A question for what a chat has after a seq. */
export interface ResumeRequest {
  readonly chat_id: number;
  readonly after: number;
  readonly limit: number;
}

/** The chats as far as they have been handed over, and what came ahead of its turn. */
export class Inbox {
  readonly #chats = new Map<number, Chat>();
  readonly #seen = new RecentSet();
  readonly #act: (action: SessionAction) => void;
  /** Called for a message of ours that came back before its acknowledgement. */
  readonly #recognise: (message: ChatMessage) => boolean;

  constructor(
    cursors: Iterable<readonly [chatId: number, seq: number]>,
    act: (action: SessionAction) => void,
    recognise: (message: ChatMessage) => boolean,
  ) {
    for (const [chatId, seq] of cursors) this.#chat(chatId).cursor = seq;
    this.#act = act;
    this.#recognise = recognise;
  }

  cursor(chatId: number): number {
    return this.#chats.get(chatId)?.cursor ?? 0;
  }

  /** A chat to catch up with. */
  follow(chatId: number): void {
    if (!this.#chats.has(chatId)) this.#chat(chatId).isBehind = true;
  }

  /** A message that came by itself. */
  receive(message: ChatMessage): void {
    if (message.seq === undefined) {
      this.#handOver(message);
      return;
    }
    this.#hold(message.chat_id, message.seq, message);
  }

  /** A seq that the server gave to a message of ours. */
  acknowledge(message: ChatMessage, seq: number): void {
    this.#seen.add(identityOf(message));
    this.#hold(message.chat_id, seq, "acknowledged");
  }

  /** The answer to a resume; false if it answers none, or not as the protocol has it. */
  answer(list: MessageListResponse): boolean {
    const { chat_id, after, through, messages } = list;
    if (chat_id === undefined || after === undefined || through === undefined) return false;
    const chat = this.#chats.get(chat_id);
    if (chat?.resume?.after !== after) return false;
    const seqs = messages.map(({ seq = 0 }) => seq);
    const isInOrder = seqs.every((seq, at) => seq > (at === 0 ? after : seqs[at - 1]!));
    const isWithin = seqs.length === 0 || seqs.at(-1)! <= through;
    const isOfChat = messages.every((message) => message.chat_id === chat_id);
    // An answer that leads nowhere would be asked for without end.
    const leadsOn = !list.has_more || through > after;
    chat.resume = undefined;
    if (!isInOrder || !isWithin || !isOfChat || !leadsOn) {
      this.#fail(chat_id, chat);
      return false;
    }
    if (through < chat.cursor && after === chat.cursor) this.#rewind(chat_id, chat, through);
    for (const message of messages) {
      if (message.seq! > chat.cursor) this.#handOver(message);
    }
    chat.isBehind = list.has_more;
    this.#advance(chat_id, chat, Math.max(chat.cursor, through));
    const isStillBehind = chat.held.size > 0;
    if (isStillBehind && chat.cursor === after) this.#fail(chat_id, chat);
    else chat.failures = 0;
    return true;
  }

  /** The server refused a resume; `retryAt` if it asked for patience, Unix time in seconds. */
  refuseResume(chatId: number, retryAt: number | undefined): boolean {
    const chat = this.#chats.get(chatId);
    if (chat?.resume === undefined) return false;
    chat.resume = undefined;
    if (retryAt === undefined) this.#fail(chatId, chat);
    else chat.patience = retryAt;
    return true;
  }

  /** A new connection: every chat may have more. */
  connect(): void {
    for (const chat of this.#chats.values()) {
      chat.isBehind = true;
      chat.resume = undefined;
      chat.patience = undefined;
      chat.failures = 0;
    }
  }

  /** The questions to ask now. They are under way from then on. */
  due(now: number): ResumeRequest[] {
    const due: ResumeRequest[] = [];
    for (const [chat_id, chat] of this.#chats) {
      if (!wantsMore(chat) || (askAt(chat) ?? now) > now) continue;
      const attempts = (chat.resume?.attempts ?? 0) + 1;
      chat.patience = undefined;
      chat.resume = { after: chat.cursor, deadline: now + RESUME_TIMEOUT, attempts };
      due.push({ chat_id, after: chat.cursor, limit: RESUME_LIMIT });
    }
    return due;
  }

  /** Whether some question has had no answer for so long that the connection is none. */
  isUnanswered(now: number): boolean {
    return [...this.#chats.values()].some(
      (chat) =>
        wantsMore(chat) &&
        chat.resume !== undefined &&
        chat.resume.attempts >= MAX_ATTEMPTS &&
        chat.resume.deadline <= now,
    );
  }

  /** When to look again, Unix time in seconds. */
  get deadline(): number {
    const waiting = [...this.#chats.values()].filter(wantsMore);
    return Math.min(...waiting.map((chat) => askAt(chat) ?? Number.POSITIVE_INFINITY));
  }

  #chat(chatId: number): Chat {
    const known = this.#chats.get(chatId);
    if (known) return known;
    const chat: Chat = {
      cursor: 0,
      held: new Map(),
      resume: undefined,
      patience: undefined,
      failures: 0,
      isBehind: false,
    };
    this.#chats.set(chatId, chat);
    return chat;
  }

  #hold(chatId: number, seq: number, what: Held): void {
    const chat = this.#chat(chatId);
    if (seq <= chat.cursor || chat.held.has(seq)) return;
    if (chat.held.size < MAX_HELD || seq === chat.cursor + 1) chat.held.set(seq, what);
    else chat.isBehind = true;
    this.#advance(chatId, chat, chat.cursor);
  }

  /** Moves the cursor to `seq`, and on over what waits there. */
  #advance(chatId: number, chat: Chat, seq: number): void {
    const before = chat.cursor;
    chat.cursor = seq;
    for (const held of chat.held.keys()) if (held <= seq) chat.held.delete(held);
    for (let next = chat.held.get(chat.cursor + 1); next; next = chat.held.get(chat.cursor + 1)) {
      chat.cursor += 1;
      chat.held.delete(chat.cursor);
      if (next !== "acknowledged") this.#handOver(next);
    }
    if (chat.cursor !== before) this.#act({ type: "cursor", chat_id: chatId, seq: chat.cursor });
  }

  #handOver(message: ChatMessage): void {
    if (this.#recognise(message)) {
      this.#seen.add(identityOf(message));
      return;
    }
    if (this.#seen.add(identityOf(message))) this.#notify({ type: "message", message });
  }

  #fail(chatId: number, chat: Chat): void {
    chat.failures += 1;
    if (chat.failures < MAX_FAILURES) return;
    chat.failures = 0;
    chat.isBehind = false;
    const first = Math.min(...chat.held.keys());
    const after = chat.cursor;
    if (chat.held.size === 0) {
      this.#notify({ type: "gap", chat_id: chatId, after });
      return;
    }
    this.#notify({ type: "gap", chat_id: chatId, after, through: first - 1 });
    this.#advance(chatId, chat, first - 1);
  }

  #rewind(chatId: number, chat: Chat, lastSeq: number): void {
    this.#notify({ type: "rewound", chat_id: chatId, cursor: chat.cursor, last_seq: lastSeq });
    chat.cursor = lastSeq;
    chat.held.clear();
    this.#act({ type: "cursor", chat_id: chatId, seq: lastSeq });
  }

  #notify(notice: SessionNotice): void {
    this.#act({ type: "deliver", notice });
  }
}

/** Whether it is known that a chat has more than was handed over. */
function wantsMore({ isBehind, held }: Chat): boolean {
  return isBehind || held.size > 0;
}

/** When to ask for it, Unix time in seconds; undefined for at once. */
function askAt({ resume, patience }: Chat): number | undefined {
  return resume?.deadline ?? patience;
}

/** What makes a message the same one, wherever it stands: its client id, or its nonce where it has none. */
function identityOf({ chat_id, sender_id, client_id, nonce }: ChatMessage): string {
  return client_id === undefined
    ? `${chat_id} ${encodeHex(nonce)}`
    : `${chat_id} ${sender_id} ${client_id}`;
}
