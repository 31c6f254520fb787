import { type Messenger, type MessengerEvent, sentenceOf } from "lacre-client";
import { isInFront } from "./front.js";
import type { Home } from "./home.js";
import { previewFromServer } from "./previews.js";
import { route } from "./route.js";

/** Applies the events of the messenger to the state of the page. */
export class MessengerEvents {
  readonly #home: Home;
  readonly #messenger: Messenger;
  readonly #end: (error: unknown) => void;

  /** `end` is called with the error that stopped the messenger. */
  constructor(home: Home, messenger: Messenger, end: (error: unknown) => void) {
    this.#home = home;
    this.#messenger = messenger;
    this.#end = end;
  }

  async handle(event: MessengerEvent): Promise<void> {
    const home = this.#home;
    switch (event.type) {
      case "message": {
        const { chat_id, isOwn, content } = event.message;
        const conversation = home.conversation(chat_id);
        const isNew = conversation.receive(event.message, this.#isInView(chat_id));
        if (!isOwn) conversation.mayStartOver.value = false;
        if (isNew && !isOwn) {
          this.#announce(chat_id, content.kind === "text" ? content.text : undefined);
        }
        break;
      }
      case "sent":
        home.conversation(event.message.chat_id).onSent(event.message);
        break;
      case "failed":
        home
          .conversation(event.message.chat_id)
          .onFailed(
            event.message,
            sentenceOf(event.error_code) ?? `The server rejected it (${event.error_code}).`,
          );
        break;
      case "closed":
        home.opener.close(event.chat_id, event.reason);
        break;
      case "typing":
        home.conversation(event.chat_id).onTyping();
        break;
      case "connection":
        home.isOnline.value = event.isOnline;
        if (event.isOnline) this.#onConnected();
        break;
      case "not connected":
        home.whyNotConnected.value = event.why;
        break;
      case "unread":
        home.updateChats();
        this.#applyReadElsewhere();
        break;
      case "chats":
        home.updateChats();
        this.#applyReadElsewhere();
        void home.notices.attempt(() => home.removeExpired());
        void home.notices.attempt(() => home.opener.openNew());
        break;
      case "gap":
        home.conversation(event.chat_id).notice.value =
          "Messages are missing here: the server does not deliver them.";
        break;
      case "rewound":
        home.conversation(event.chat_id).rewind(event.last_seq);
        home.conversation(event.chat_id).notice.value =
          "The server has lost messages of this chat that it had before.";
        break;
      case "error":
        home.notices.current.value =
          sentenceOf(event.error.error_code) ??
          `The server reports an error (${event.error.error_code}).`;
        break;
      case "store":
        home.notices.noteStore(event.error);
        break;
      case "ended":
        return this.#end(event.error);
    }
    home.updateChats();
  }

  /** Whether the user sees a message that arrives in a chat: its end is on the screen, and the page has the focus. */
  #isInView(chatId: number): boolean {
    const current = route.peek();
    const isCurrent = current.name === "chat" && current.chatId === chatId;
    return isCurrent && isInFront.peek() && this.#home.conversation(chatId).isAtEnd.peek();
  }

  /** Has a screen reader announce a message of the peer. */
  #announce(chatId: number, text = "a message that cannot be read here"): void {
    const name = this.#home.chat(chatId)?.peer_name ?? "A new chat";
    this.#home.announcement.value = `${name}: ${text}`;
  }

  /** Marks messages as read here that another device of the user has marked as read. */
  #applyReadElsewhere(): void {
    for (const { chat_id, unread, countedUpTo } of this.#messenger.chats) {
      if (unread === 0) this.#home.conversation(chat_id).markRead(countedUpTo);
    }
  }

  #onConnected(): void {
    const chats = this.#messenger.chats.map(({ chat_id, countedUpTo }) => ({
      conversation: this.#home.conversation(chat_id),
      countedUpTo,
    }));
    void this.#home.notices.attempt(() => previewFromServer(chats, this.#messenger));
    for (const { conversation } of chats) {
      if (conversation.earlier.peek() === "offline") conversation.earlier.value = "more";
    }
  }
}
