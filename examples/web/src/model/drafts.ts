import { effect } from "@preact/signals";
import { LacreError } from "lacre";
import { decrypt, encrypt } from "lacre/e2e";
import type { OpenChat } from "lacre-client";
import type { DraftStore } from "lacre-client/web";
import type { Conversation } from "./conversation.js";

/** Stores the draft of each chat, encrypted with the chat's key, so that a reload does not lose it. */
export class Drafts {
  readonly #store: DraftStore;
  /** Runs work that may fail, and reports its error. */
  readonly #attempt: (work: () => Promise<void>) => Promise<boolean>;
  readonly #followed = new Map<number, { readonly key: OpenChat["key"]; stop: () => void }>();

  constructor(store: DraftStore, attempt: (work: () => Promise<void>) => Promise<boolean>) {
    this.#store = store;
    this.#attempt = attempt;
  }

  /** Restores the draft of a chat, and stores each change from then on. */
  async follow({ chat_id, key }: OpenChat, conversation: Conversation): Promise<void> {
    const before = this.#followed.get(chat_id);
    if (before?.key === key) return;
    // A chat that was started over has another key.
    before?.stop();
    const followed = { key, stop: () => {} };
    this.#followed.set(chat_id, followed);
    const { draft } = conversation;
    const aad = aadOf(chat_id);
    let stored = await this.#read(chat_id, key);
    if (draft.peek() === "") draft.value = stored;

    let isStoring = false;
    /** Stores the draft until the stored text is the current one. */
    const store = async () => {
      isStoring = true;
      try {
        while (draft.peek() !== stored) {
          // Sending empties the draft: wait until the text is in the outbox, so that a crash does not lose it.
          await Promise.resolve();
          await conversation.sending;
          const text = draft.peek();
          const encrypted = await encrypt(key, new TextEncoder().encode(text), { aad });
          if (text === "") await this.#store.remove(chat_id);
          else await this.#store.put(chat_id, encrypted);
          stored = text;
        }
      } finally {
        isStoring = false;
      }
    };
    followed.stop = effect(() => {
      if (draft.value !== stored && !isStoring) void this.#attempt(store);
    });
  }

  /** Restores the draft of a chat that was started over, with the key that the chat had before. */
  async restore(chatId: number, earlierKey: OpenChat["key"], { draft }: Conversation) {
    draft.value = await this.#read(chatId, earlierKey);
  }

  /** Stops storing a chat's draft, because its key is no longer used. The text stays in the page. */
  unfollow(chatId: number): void {
    this.#followed.get(chatId)?.stop();
    this.#followed.delete(chatId);
  }

  /** Returns the stored draft, or an empty text if there is none or it cannot be decrypted. */
  async #read(chatId: number, key: OpenChat["key"]): Promise<string> {
    const kept = await this.#store.get(chatId);
    if (kept === undefined) return "";
    try {
      const bytes = await decrypt(key, kept, { aad: aadOf(chatId) });
      return new TextDecoder().decode(bytes);
    } catch (error) {
      if (!(error instanceof LacreError)) throw error;
      return "";
    }
  }

  close(): void {
    for (const { stop } of this.#followed.values()) stop();
  }
}

function aadOf(chatId: number): Uint8Array {
  return new TextEncoder().encode(`draft of chat ${chatId}`);
}
