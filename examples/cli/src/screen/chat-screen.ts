import type { ChatState, Messenger, MessengerEvent, OpenChat, ReadMessage } from "lacre-client";
import stringWidth from "string-width";
import wrap from "wrap-ansi";
import { printable } from "../printable.js";
import { troubleOf } from "../trouble.js";
import type { LineEditor } from "./line-editor.js";
import { linesOf } from "./message-lines.js";
import { paint } from "./paint.js";
import type { Terminal } from "./terminal.js";

/** How long somebody who typed counts as typing, in milliseconds. */
const TYPING = 5000;

/** One chat on a terminal: who is there, what was said, what goes on, and the line that is typed. */
export class ChatScreen {
  readonly #terminal: Terminal;
  readonly #editor: LineEditor;
  readonly #chat: OpenChat;
  readonly #ownName: string;
  #messenger: Messenger | undefined;
  #messages: readonly ReadMessage[] = [];
  readonly #failed = new Set<string | undefined>();
  /** Lines that the view is above the end. */
  #scroll = 0;
  #typingUntil = 0;
  #notice = "";
  #isDue = false;

  constructor(terminal: Terminal, editor: LineEditor, chat: OpenChat, ownName: string) {
    this.#terminal = terminal;
    this.#editor = editor;
    this.#chat = chat;
    this.#ownName = ownName;
  }

  get messages(): readonly ReadMessage[] {
    return this.#messages;
  }

  /** Whether the first line that there is can be seen. */
  get isAtTop(): boolean {
    return this.#scroll >= this.#lines().length - this.#bodyHeight;
  }

  start(messenger: Messenger): void {
    this.#messenger = messenger;
    this.redraw();
  }

  /** Adds messages, or puts them in the place of what they were before the server had them. */
  add(messages: readonly ReadMessage[]): void {
    const fresh = new Map(messages.map((message) => [keyOf(message), message]));
    const others = this.#messages.filter((message) => !fresh.has(keyOf(message)));
    const place = ({ seq = Number.POSITIVE_INFINITY }: ReadMessage) => seq;
    const sorted = [...others, ...fresh.values()].sort((one, other) =>
      place(one) === place(other) ? 0 : place(one) - place(other),
    );
    this.#messages = sorted;
    this.redraw();
  }

  /** Shows what happened. */
  note(event: MessengerEvent): void {
    if (event.type === "typing" && event.chat_id === this.#chat.chat_id) {
      this.#typingUntil = Date.now() + TYPING;
      setTimeout(() => this.redraw(), TYPING + 1).unref();
    }
    if (event.type === "message") this.#typingUntil = 0;
    if (event.type === "failed") this.#failed.add(event.message.client_id);
    const trouble = troubleOf(event);
    if (trouble !== undefined) this.#notice = trouble.text;
    this.redraw();
  }

  /** Says something until the next line is sent. */
  say(notice: string): void {
    this.#notice = notice;
    this.redraw();
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

  /** Once for all that happens at a time. */
  redraw(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    setImmediate(() => {
      this.#isDue = false;
      this.#draw();
    });
  }

  get #bodyHeight(): number {
    return Math.max(1, this.#terminal.height - 3);
  }

  get #state(): ChatState | undefined {
    return this.#messenger?.chat(this.#chat.chat_id);
  }

  #lines(): string[] {
    return linesOf(this.#messages, {
      width: this.#terminal.width,
      ownName: this.#ownName,
      peerName: this.#chat.peer_name,
      chat: this.#state ?? { deliveredUpTo: 0, readUpTo: 0 },
      failed: this.#failed,
    });
  }

  #draw(): void {
    const { width } = this.#terminal;
    const lines = this.#lines();
    const end = lines.length - this.#scroll;
    const shown = lines.slice(Math.max(0, end - this.#bodyHeight), end);
    const blank = new Array(this.#bodyHeight - shown.length).fill("");
    const { shown: input, column } = this.#editor.view(width);
    const header = paint("inverse", fitted(this.#header(), width));
    const status = paint("dim", fitted(this.#status(), width));
    this.#terminal.show([header, ...blank, ...shown, status, input], column);
  }

  #header(): string {
    const { isPeerOnline } = this.#state ?? {};
    const presence = isPeerOnline === undefined ? "" : isPeerOnline ? " · online" : " · offline";
    const elsewhere = (this.#messenger?.chats ?? [])
      .filter(({ chat_id, unread }) => chat_id !== this.#chat.chat_id && unread > 0)
      .map(({ peer_name, unread }) => `${printable(peer_name)} ${unread}`);
    const others = elsewhere.length > 0 ? ` · unread: ${elsewhere.join(", ")}` : "";
    return ` ${printable(this.#chat.peer_name)}${presence}${others}`;
  }

  #status(): string {
    const { isOnline, pending = 0 } = this.#messenger ?? {};
    const parts = [
      ...(isOnline === undefined ? ["connecting…"] : []),
      ...(isOnline === false
        ? [`offline: ${pending} queued, sent when the server can be reached`]
        : []),
      ...(this.#typingUntil > Date.now() ? [`${printable(this.#chat.peer_name)} is typing…`] : []),
      ...(this.#notice === "" ? [] : [printable(this.#notice)]),
      ...(this.#scroll > 0 ? ["Page Down: later messages"] : []),
    ];
    return parts.join(" · ") || "Enter sends · Page Up: earlier messages · Ctrl-C ends";
  }
}

/** A message of ours keeps its client id when the server gives it a seq. */
function keyOf({ client_id, sender_id, seq }: ReadMessage): string {
  return client_id === undefined ? `seq ${seq}` : `${sender_id} ${client_id}`;
}

/** On one line of exactly so many cells. */
function fitted(text: string, width: number): string {
  const [first = ""] = wrap(text, width, { hard: true, trim: false, wordWrap: false }).split("\n");
  return first + " ".repeat(Math.max(0, width - stringWidth(first)));
}
