import {
  type Account,
  ChatClosedError,
  ChatStartedOverError,
  type ChatState,
  createChat,
  type Messenger,
  type OpenChat,
  openChat,
  openKeptChat,
  restartChat,
  ServerRejectionError,
} from "lacre-client";
import type { Access, Conversation } from "./conversation.js";
import type { Drafts } from "./drafts.js";

/** The chats of an account, as the page shows them. */
interface Chats {
  readonly account: Account;
  conversation(chatId: number): Conversation;
  chatWith(peerName: string): ChatState | undefined;
}

/** Opens, creates and restarts chats, and closes those whose key must no longer be used. */
export class ChatOpener {
  readonly #chats: Chats;
  readonly #messenger: Messenger;
  readonly #drafts: Drafts;

  constructor(chats: Chats, messenger: Messenger, drafts: Drafts) {
    this.#chats = chats;
    this.#messenger = messenger;
    this.#drafts = drafts;
  }

  /** Opens the chats whose keys are stored. Returns the open ones, and the access to each. */
  static async openWithStoredKeys(account: Account) {
    const open: OpenChat[] = [];
    const accesses = new Map<number, Access>();
    for (const summary of await account.listChatsForNow()) {
      const { access, chat } = await tryOpen(() => openKeptChat(account, summary));
      accesses.set(summary.chat_id, access);
      if (chat !== undefined) open.push(chat);
    }
    return { open, accesses };
  }

  /** Opens a chat with its passphrase. Throws KeyError `ERR_WRONG_PASSPHRASE`. */
  async unlock(chatId: number, passphrase: string): Promise<void> {
    const { account } = this.#chats;
    const conversation = this.#chats.conversation(chatId);
    const summary = await account.api.getChat(chatId);
    const { access, chat } = await tryOpen(() => openChat(account, summary, passphrase));
    if (chat === undefined) conversation.access.value = access;
    else await this.#open(chat);
    conversation.notice.value = undefined;
  }

  /** Creates a chat. Throws KeyError `ERR_WRONG_PASSPHRASE` if the peer has created it with another passphrase. */
  async begin(peerName: string, passphrase: string): Promise<void> {
    try {
      await this.#open(await createChat(this.#chats.account, peerName, passphrase));
      await this.updateMayStartOver();
      await this.#messenger.refresh();
    } catch (error) {
      await this.#messenger.refresh();
      const existing = this.#chats.chatWith(peerName);
      if (existing === undefined) throw error;
      this.#chats.conversation(existing.chat_id).notice.value =
        `${peerName} has begun this chat in the meantime, with a different passphrase.`;
    }
  }

  /** Starts a chat over under another passphrase. Throws ServerRejectionError if the peer wrote or read in it. */
  async startOver(chat: ChatState, passphrase: string): Promise<void> {
    const conversation = this.#chats.conversation(chat.chat_id);
    try {
      const restarted = await restartChat(this.#chats.account, chat, passphrase);
      conversation.clear();
      await this.#open(restarted);
      await this.#messenger.refresh();
      // The server's event for this restart may have arrived before the new key was in use, and set a notice.
      conversation.notice.value = undefined;
    } catch (error) {
      const isInUse = error instanceof ServerRejectionError && error.code === "ERR_CHAT_IN_USE";
      if (isInUse) conversation.mayStartOver.value = false;
      throw error;
    }
  }

  /** Opens new chats in the list whose keys are stored. */
  async openNew(): Promise<void> {
    const isNew = (chatId: number) =>
      this.#chats.conversation(chatId).access.peek().name === "opening";
    if (!this.#messenger.chats.some(({ chat_id }) => isNew(chat_id))) return;
    const { open, accesses } = await ChatOpener.openWithStoredKeys(this.#chats.account);
    for (const [chatId, access] of accesses) {
      if (!isNew(chatId)) continue;
      const chat = open.find(({ chat_id }) => chat_id === chatId);
      if (chat !== undefined) await this.#open(chat);
      else this.#chats.conversation(chatId).access.value = access;
    }
  }

  /** Closes a chat whose key must no longer be used. */
  close(chatId: number, reason: ChatClosedError): void {
    const conversation = this.#chats.conversation(chatId);
    this.#drafts.unfollow(chatId);
    conversation.clear();
    if (reason instanceof ChatStartedOverError) {
      conversation.access.value = { name: "locked" };
      conversation.notice.value =
        "This chat was started over with a new passphrase. Its messages were deleted.";
    } else {
      conversation.access.value = { name: "stopped", reason: reason.message };
    }
  }

  /** Finds the chats that this device created and no peer has answered. */
  async updateMayStartOver(): Promise<void> {
    for (const { chat_id, unanswered } of await this.#chats.account.stores.pins.list()) {
      this.#chats.conversation(chat_id).mayStartOver.value = unanswered === "creator";
    }
  }

  async #open(chat: OpenChat): Promise<void> {
    const conversation = this.#chats.conversation(chat.chat_id);
    this.#messenger.open(chat);
    await this.#drafts.follow(chat, conversation);
    conversation.earlier.value = "unknown";
    conversation.access.value = { name: "open" };
  }
}

/** Opens a chat. Returns whether it is open, locked or stopped. Throws if the passphrase is wrong or the server is unreachable. */
async function tryOpen(open: () => Promise<OpenChat | undefined>) {
  try {
    const chat = await open();
    return { access: { name: chat === undefined ? "locked" : "open" } as const, chat };
  } catch (error) {
    if (!(error instanceof ChatClosedError)) throw error;
    return { access: { name: "stopped", reason: error.message } as const, chat: undefined };
  }
}
