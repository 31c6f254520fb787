import type { ChatMessage, ChatSummary, StatusEvent } from "lacre";
import type { ChatKey } from "lacre/e2e";
import { type ChatClosedError, ChatStartedOverError } from "./errors.js";
import type { ChatState, MessengerEvent } from "./events.js";
import type { OpenChat } from "./open-chat.js";

interface Entry {
  state: ChatState;
  /** Current key; undefined while the chat is closed. */
  key: ChatKey | undefined;
  /** Key before the chat was restarted or closed. */
  earlierKey: ChatKey | undefined;
  closed: ChatClosedError | undefined;
}

/** The state of an account's chats, from the server's lists and from later events. */
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

  /** Current keys of the open chats, by chat id. */
  get keys(): ReadonlyMap<number, ChatKey> {
    const keys = new Map<number, ChatKey>();
    for (const [chatId, { key }] of this.#entries) if (key !== undefined) keys.set(chatId, key);
    return keys;
  }

  /** Returns the current and the previous key of a chat, as far as they are known since the start. */
  allKeysOf(chatId: number): readonly ChatKey[] {
    const { key, earlierKey } = this.#entries.get(chatId) ?? {};
    return [key, earlierKey].filter((one) => one !== undefined);
  }

  /** Returns why a chat does not have a key any more: it was closed, was opened with another key, or was not opened. */
  whyNoKey(chatId: number): Error {
    const entry = this.#entries.get(chatId);
    if (entry?.key !== undefined) return new ChatStartedOverError(entry.state.peer_name);
    return entry?.closed ?? new TypeError(`chat ${chatId} was not opened`);
  }

  /** Updates the state from the server's list of chats. Returns an event for each changed auto-delete setting. */
  list(summaries: readonly ChatSummary[]): MessengerEvent[] {
    const changes: MessengerEvent[] = [];
    for (const { chat_id, last_seq, ...summary } of summaries) {
      const { peer_id, peer_name, unread, auto_delete_hours = 0, expired_until = 0 } = summary;
      const { auto_delete_change, request, is_blocked: isBlocked = false } = summary;
      const setting = { auto_delete_hours, auto_delete_change, expired_until };
      const listed = { chat_id, peer_id, peer_name, unread, request, isBlocked, ...setting };
      const before = this.#entries.get(chat_id);
      const state = { ...(before?.state ?? UNKNOWN), ...listed };
      // A list older than the last counted message has an outdated unread count.
      const { countedUpTo } = state;
      const isCurrent = last_seq >= countedUpTo;
      if (before !== undefined && !isCurrent) state.unread = before.state.unread;
      state.countedUpTo = Math.max(last_seq, countedUpTo);
      this.#entries.set(chat_id, { ...(before ?? CLOSED), state });
      const known = before?.state.auto_delete_change?.changed_at ?? 0;
      if (before !== undefined && (auto_delete_change?.changed_at ?? 0) > known) {
        const change = auto_delete_change!;
        changes.push({ type: "auto_delete", chat_id, auto_delete_hours, change });
      }
    }
    return changes;
  }

  open({ chat_id, peer_id, peer_name, key, earlierKey }: OpenChat): void {
    const state = this.get(chat_id) ?? { ...UNKNOWN, chat_id, peer_id, peer_name };
    const others = this.allKeysOf(chat_id).filter((one) => one !== key);
    this.#entries.set(chat_id, {
      state: { ...state, isOpen: true },
      key,
      earlierKey: earlierKey ?? others[0],
      closed: undefined,
    });
  }

  /** Closes a chat. Its key remains only to read queued messages that it encrypted. */
  close(chatId: number, reason: ChatClosedError): void {
    const entry = this.#entries.get(chatId);
    if (entry === undefined) return;
    const { state, key, earlierKey } = entry;
    this.#entries.set(chatId, {
      state: { ...state, isOpen: false },
      key: undefined,
      earlierKey: key ?? earlierKey,
      closed: reason,
    });
  }

  /** Counts a received message. */
  count({ chat_id, sender_id, seq = 0 }: ChatMessage): MessengerEvent[] {
    const chat = this.get(chat_id);
    if (chat === undefined || seq <= chat.countedUpTo) return [];
    this.#change(chat_id, { countedUpTo: seq });
    return sender_id === this.#userId ? [] : this.#setUnread(chat_id, chat.unread + 1);
  }

  /** Records that this user read a chat up to a seq, on this or another device. */
  read(chatId: number, seq: number): MessengerEvent[] {
    const isAll = seq >= (this.get(chatId)?.countedUpTo ?? 0);
    return isAll ? this.#setUnread(chatId, 0) : [];
  }

  /** Marks the presence of all peers as unknown, because the connection is closed. */
  forgetPresence(): void {
    for (const { chat_id } of this.chats) this.#change(chat_id, { isPeerOnline: undefined });
  }

  /** Records that the server's last seq of a chat is now `seq`, lower than before. */
  rewind(chatId: number, seq: number): void {
    const countedUpTo = Math.min(this.get(chatId)?.countedUpTo ?? 0, seq);
    this.#change(chatId, { countedUpTo });
  }

  /** Applies a status event of a peer or of this user's other devices. */
  note({ event_type, user_id, chat_id = 0, seq = 0 }: StatusEvent): MessengerEvent[] {
    if (event_type === "user_online" || event_type === "user_offline") {
      return this.#notePresence(user_id, event_type === "user_online");
    }
    const chat = this.get(chat_id);
    if (event_type === "read" && user_id === this.#userId) return this.read(chat_id, seq);
    if (chat === undefined || chat.peer_id !== user_id) return [];
    if (event_type === "chat_changed") return [];
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

const CLOSED = { key: undefined, earlierKey: undefined, closed: undefined } as const;

const UNKNOWN = {
  auto_delete_hours: 0,
  auto_delete_change: undefined,
  expired_until: 0,
  request: undefined,
  isBlocked: false,
  isOpen: false,
  unread: 0,
  countedUpTo: 0,
  deliveredUpTo: 0,
  readUpTo: 0,
  isPeerOnline: undefined,
} as const;
