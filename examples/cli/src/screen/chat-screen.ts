import {
  type ChatState,
  type Messenger,
  type MessengerEvent,
  type OpenChat,
  type ReadMessage,
  shownUnread,
  storedAt,
} from "lacre-client";
import { eventError, STORE_WORKS } from "../event-error.js";
import { printable } from "../printable.js";
import { fitted, wrapped } from "./fit.js";
import { type InputView, viewInput } from "./input-view.js";
import { linesOf } from "./message-lines.js";
import { paint } from "./paint.js";
import type { Terminal } from "./terminal.js";
import type { TextEditor } from "./text-editor.js";

/** How long the peer is shown as typing after its last typing event, in milliseconds. */
const TYPING_DURATION = 5000;

/** Draws one chat in a terminal: a header with the presence, the messages, a status line, and the input. */
export class ChatScreen {
  readonly #terminal: Pick<Terminal, "width" | "height" | "show">;
  readonly #editor: TextEditor;
  readonly #chat: OpenChat;
  readonly #ownName: string;
  #messenger: Messenger | undefined;
  #messages: readonly ReadMessage[] = [];
  readonly #failed = new Set<string | undefined>();
  /** Number of lines below the visible ones. */
  #scroll = 0;
  #typingUntil = 0;
  #notice = "";
  /** Lines under the messages, such as the help. */
  #help: readonly string[] = [];
  #isRedrawDue = false;

  constructor(
    terminal: Pick<Terminal, "width" | "height" | "show">,
    editor: TextEditor,
    chat: OpenChat,
    ownName: string,
  ) {
    this.#terminal = terminal;
    this.#editor = editor;
    this.#chat = chat;
    this.#ownName = ownName;
  }

  get messages(): readonly ReadMessage[] {
    return this.#messages;
  }

  /** Whether the first line is visible. */
  get isAtTop(): boolean {
    return this.#scroll >= this.#lines().length - this.#bodyHeight;
  }

  start(messenger: Messenger): void {
    this.#messenger = messenger;
    this.redraw();
  }

  /** Adds messages. A message that has got its seq replaces the queued one with the same client id. */
  add(messages: readonly ReadMessage[]): void {
    const fresh = new Map(messages.map((message) => [keyOf(message), message]));
    const others = this.#messages.filter((message) => !fresh.has(keyOf(message)));
    // Queued messages have no seq yet: they come last.
    const position = ({ seq = Number.POSITIVE_INFINITY }: ReadMessage) => seq;
    const sorted = [...others, ...fresh.values()].sort((one, other) =>
      position(one) === position(other) ? 0 : position(one) - position(other),
    );
    this.#messages = sorted;
    this.redraw();
  }

  /** Shows an event: the peer is typing, a message was rejected, or an error occurred. */
  onEvent(event: MessengerEvent): void {
    if (event.type === "typing" && event.chat_id === this.#chat.chat_id) {
      this.#typingUntil = Date.now() + TYPING_DURATION;
      setTimeout(() => this.redraw(), TYPING_DURATION + 1).unref();
    }
    if (event.type === "message") this.#typingUntil = 0;
    if (event.type === "failed") this.#failed.add(event.message.client_id);
    if (event.type === "store" && event.error === undefined) this.#notice = STORE_WORKS;
    const error = eventError(event);
    if (error !== undefined) this.#notice = error.text;
    this.redraw();
  }

  /** Shows a notice until the next text is sent. */
  showNotice(notice: string): void {
    this.#notice = notice;
    this.#help = [];
    this.redraw();
  }

  /** Shows lines under the messages until the next text is sent. */
  showHelp(lines: readonly string[]): void {
    this.#help = lines;
    this.scrollToEnd();
  }

  scrollBy(pages: number): void {
    const most = Math.max(0, this.#lines().length - this.#bodyHeight);
    const step = Math.max(1, this.#bodyHeight - 1);
    this.#scroll = Math.min(most, Math.max(0, this.#scroll + pages * step));
    this.redraw();
  }

  scrollToEnd(): void {
    this.#scroll = 0;
    this.redraw();
  }

  /** Redraws the screen once, after all events that are handled now. */
  redraw(): void {
    if (this.#isRedrawDue) return;
    this.#isRedrawDue = true;
    setImmediate(() => {
      this.#isRedrawDue = false;
      this.#draw();
    });
  }

  /** Number of rows for messages. If there are few rows, the input has priority, then messages, the status and the header. */
  get #bodyHeight(): number {
    const { height } = this.#terminal;
    return Math.max(0, height - this.#input().rows.length - Math.min(2, Math.max(0, height - 2)));
  }

  get #state(): ChatState | undefined {
    return this.#messenger?.chat(this.#chat.chat_id);
  }

  #input(): InputView {
    const { width, height } = this.#terminal;
    const most = Math.max(1, Math.floor(height / 3));
    return viewInput(this.#editor, { width: Math.max(1, width), height: most });
  }

  #lines(): string[] {
    const width = Math.max(1, this.#terminal.width);
    const state = this.#state;
    const until = state === undefined ? 0 : (this.#messenger?.expiredUntil(state) ?? 0);
    const kept = this.#messages.filter((one) => one.seq === undefined || storedAt(one) > until);
    const messages = linesOf(kept, {
      width,
      ownName: this.#ownName,
      peerName: this.#chat.peer_name,
      chat: state ?? { deliveredUpTo: 0, readUpTo: 0, auto_delete_hours: 0 },
      failed: this.#failed,
    });
    return [...messages, ...this.#help.flatMap((line) => wrapped(line, width))];
  }

  #draw(): void {
    const { width, height } = this.#terminal;
    if (width < 1 || height < 1) return;
    const bodyHeight = this.#bodyHeight;
    const lines = this.#lines();
    const end = Math.max(0, lines.length - this.#scroll);
    const shown = lines.slice(Math.max(0, end - bodyHeight), end);
    const blank = new Array<string>(bodyHeight - shown.length).fill("");
    const input = this.#input();
    const above = [
      ...(height > 3 ? [paint("inverse", fitted(this.#header(), width))] : []),
      ...blank,
      ...shown,
      ...(height > 2 ? [paint("dim", fitted(this.#status(), width))] : []),
    ];
    this.#terminal.show([...above, ...input.rows], {
      row: above.length + input.row,
      column: input.column,
    });
  }

  #header(): string {
    const { isPeerOnline } = this.#state ?? {};
    const presence = isPeerOnline === undefined ? "" : isPeerOnline ? " · online" : " · offline";
    const elsewhere = (this.#messenger?.chats ?? [])
      .filter(({ chat_id, unread }) => chat_id !== this.#chat.chat_id && unread > 0)
      .map(({ peer_name, unread }) => `${printable(peer_name)} ${shownUnread(unread)}`);
    const others = elsewhere.length > 0 ? ` · unread: ${elsewhere.join(", ")}` : "";
    return ` ${printable(this.#chat.peer_name)}${presence}${others}`;
  }

  #status(): string {
    const { isOnline, pending = 0 } = this.#messenger ?? {};
    const parts = [
      ...(this.#notice === "" ? [] : [printable(this.#notice)]),
      ...(isOnline === undefined ? ["connecting…"] : []),
      ...(isOnline === false
        ? [`offline: ${pending} queued, sent when the server can be reached`]
        : []),
      ...(this.#typingUntil > Date.now() ? [`${printable(this.#chat.peer_name)} is typing…`] : []),
      ...(this.#scroll > 0 ? ["Page Down: later messages"] : []),
    ];
    return parts.join(" · ") || "Enter sends · Alt-Enter: new line · /help · Ctrl-C ends";
  }
}

/** Identifies a message before and after it gets its seq: by its client id, if it has one. */
function keyOf({ client_id, sender_id, seq }: ReadMessage): string {
  return client_id === undefined ? `seq ${seq}` : `${sender_id} ${client_id}`;
}
