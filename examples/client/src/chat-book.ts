import type { ChatMessage, ChatSummary, StatusEvent } from "lacre";
import type { ChatKey } from "lacre/e2e";
import type { ChatState, MessengerEvent } from "./events.js";
import type { OpenChat } from "./open-chat.js";

interface Entry {
  state: ChatState;
  key: ChatKey | undefined;
  /** The seq up to which messages are in `unread`, as far as they are unread. */
  countedUpTo: number;
}

/** What is known of an account's chats, from lists of the server's and from what happened since. */
export class ChatBook {
  readonly #entries = new Map<number, Entry>();
  readonly #userId: number;

  constructor(userId: number) {
    this.#userId = userId;
  }

  get chats(): ChatState[] {
    return [...this.#entries.values()].map(({ state }) => state);
  }

  get(chatId: number): ChatState | undefined {
    return this.#entries.get(chatId)?.state;
  }

  keyOf(chatId: number): ChatKey | undefined {
    return this.#entries.get(chatId)?.key;
  }

  /** Takes over what the server says of its chats. */
  list(summaries: readonly ChatSummary[]): void {
    for (const { chat_id, last_seq, ...summary } of summaries) {
      const { peer_id, peer_name, unread, auto_delete_hours = 0 } = summary;
      const told = { chat_id, peer_id, peer_name, auto_delete_hours, unread };
      const before = this.#entries.get(chat_id);
      const state = { ...(before?.state ?? UNKNOWN), ...told };
      // A list that was made before a message came does not count it.
      const isCurrent = last_seq >= (before?.countedUpTo ?? 0);
      if (before !== undefined && !isCurrent) state.unread = before.state.unread;
      const countedUpTo = Math.max(last_seq, before?.countedUpTo ?? 0);
      this.#entries.set(chat_id, { state, key: before?.key, countedUpTo });
    }
  }

  open({ chat_id, peer_id, peer_name, key }: OpenChat): void {
    const state = this.get(chat_id) ?? { ...UNKNOWN, chat_id, peer_id, peer_name };
    const countedUpTo = this.#entries.get(chat_id)?.countedUpTo ?? 0;
    this.#entries.set(chat_id, { state: { ...state, isOpen: true }, key, countedUpTo });
  }

  /** A message came in. */
  count({ chat_id, sender_id, seq = 0 }: ChatMessage): MessengerEvent[] {
    const entry = this.#entries.get(chat_id);
    if (entry === undefined || seq <= entry.countedUpTo) return [];
    entry.countedUpTo = seq;
    return sender_id === this.#userId ? [] : this.#setUnread(chat_id, entry.state.unread + 1);
  }

  /** We read a chat up to a seq, here or elsewhere. */
  read(chatId: number, seq: number): MessengerEvent[] {
    const isAll = seq >= (this.#entries.get(chatId)?.countedUpTo ?? 0);
    return isAll ? this.#setUnread(chatId, 0) : [];
  }

  /** The connection is gone, and with it who is there. */
  forgetPresence(): void {
    for (const { chat_id } of this.chats) this.#change(chat_id, { isPeerOnline: undefined });
  }

  /** The chat ends at a seq again. */
  rewind(chatId: number, seq: number): void {
    const entry = this.#entries.get(chatId);
    if (entry !== undefined) entry.countedUpTo = Math.min(entry.countedUpTo, seq);
  }

  /** What somebody does. */
  note({ event_type, user_id, chat_id = 0, seq = 0 }: StatusEvent): MessengerEvent[] {
    if (event_type === "user_online" || event_type === "user_offline") {
      return this.#notePresence(user_id, event_type === "user_online");
    }
    const chat = this.get(chat_id);
    if (event_type === "read" && user_id === this.#userId) return this.read(chat_id, seq);
    if (chat === undefined || chat.peer_id !== user_id) return [];
    if (event_type === "typing") return [{ type: "typing", chat_id, user_id }];
    const { deliveredUpTo, readUpTo } = chat;
    if (seq <= (event_type === "read" ? readUpTo : deliveredUpTo)) return [];
    this.#change(chat_id, event_type === "read" ? { readUpTo: seq } : { deliveredUpTo: seq });
    return [{ type: event_type, chat_id, user_id, seq }];
  }

  #notePresence(user_id: number, isOnline: boolean): MessengerEvent[] {
    const changed = this.chats.filter(
      ({ peer_id, isPeerOnline }) => peer_id === user_id && isPeerOnline !== isOnline,
    );
    for (const { chat_id } of changed) this.#change(chat_id, { isPeerOnline: isOnline });
    return changed.length > 0 ? [{ type: "presence", user_id, isOnline }] : [];
  }

  #setUnread(chat_id: number, unread: number): MessengerEvent[] {
    if (this.get(chat_id)?.unread === unread) return [];
    this.#change(chat_id, { unread });
    return [{ type: "unread", chat_id, unread }];
  }

  #change(chatId: number, change: Partial<ChatState>): void {
    const entry = this.#entries.get(chatId);
    if (entry !== undefined) entry.state = { ...entry.state, ...change };
  }
}

const UNKNOWN = {
  auto_delete_hours: 0,
  isOpen: false,
  unread: 0,
  deliveredUpTo: 0,
  readUpTo: 0,
  isPeerOnline: undefined,
} as const;
