import { LacreError } from "lacre";
import {
  type Account,
  ChatClosedError,
  Messenger,
  type MessengerEvent,
  type OpenChat,
  StoreError,
} from "lacre-client";
import { NodeWebSocket } from "lacre-client/node";
import { HELP, membersOf, parseInput } from "../chat-commands.js";
import { isBlank, withLineFeeds } from "../lines.js";
import { textOf } from "../message-format.js";
import { printable } from "../printable.js";
import { close, stopSignal } from "../stop-signal.js";
import { ChatScreen } from "./chat-screen.js";
import { Keyboard } from "./keyboard.js";
import { Terminal } from "./terminal.js";

/** Minimum time between two typing events to the peer, in milliseconds. */
const TYPING_INTERVAL = 3000;

const KEYS = [
  "Enter sends; Alt-Enter and Ctrl-J begin a new line. Up: previous text. Page Up: earlier messages",
];

/** The result of a chat on the screen. */
export interface ChatResult {
  /** Number of queued messages. */
  readonly pending: number;
  /** Texts that are neither sent nor stored. */
  readonly unsent: readonly string[];
  /** Why the chat was closed. */
  readonly closed: ChatClosedError | undefined;
}

/** Runs a chat in a terminal until the user leaves it, the chat is closed or the login ends. */
export async function chatOnScreen(account: Account, open: OpenChat): Promise<ChatResult> {
  const { chat_id } = open;
  let leave: (error?: unknown) => void = () => {};
  const left = new Promise<void>((resolve, reject) => {
    leave = (error) => (error === undefined ? resolve() : reject(error));
  });
  void stopSignal().then(() => leave());
  const terminal = new Terminal();
  let messenger: Messenger | undefined;
  let start: (started: { readonly messenger: Messenger }) => void = () => {};
  const started = new Promise<{ readonly messenger: Messenger }>((resolve) => {
    start = resolve;
  });
  let lastTyping = 0;
  let isLoading = false;
  let hasLeft = false;
  /** Texts that were entered before the messenger had started. They are not stored. */
  const unstored: string[] = [];
  /** Texts of messages that were rejected, or could not be sent because the chat was closed. */
  const failed: string[] = [];
  let closed: ChatClosedError | undefined;

  const keyboard = new Keyboard({
    submit,
    end: () => leave(),
    key,
    suspend() {
      terminal.leave();
      process.once("SIGCONT", () => {
        terminal.enter();
        keyboard.resume();
        screen.redraw();
      });
      // Signal the whole process group, so that a process that started this program stops too.
      process.kill(0, "SIGTSTP");
    },
  });
  const { editor } = keyboard;
  const screen = new ChatScreen(terminal, editor, open, account.username);

  function key(name: string | undefined): void {
    if (name === "pageup") void pageUp();
    if (name === "pagedown") screen.scrollBy(-1);
    const isTyping = editor.text !== "" && Date.now() - lastTyping > TYPING_INTERVAL;
    if (isTyping && messenger?.isOnline) {
      lastTyping = Date.now();
      messenger.typing(chat_id);
    }
    screen.redraw();
  }

  /** Scrolls up. At the first message, loads earlier ones from the server. */
  async function pageUp(): Promise<void> {
    if (screen.isAtTop) await load(screen.messages[0]?.seq);
    screen.scrollBy(1);
  }

  async function load(before?: number): Promise<void> {
    if (isLoading || messenger === undefined) return;
    isLoading = true;
    try {
      const page = before === undefined ? {} : { before };
      const { messages, isKeptCopy } = await messenger.history(chat_id, page);
      screen.add(messages);
      if (isKeptCopy)
        screen.showNotice("the server cannot be reached: these are the messages stored here");
    } catch (error) {
      screen.showNotice(`earlier messages cannot be loaded: ${(error as Error).message}`);
    } finally {
      isLoading = false;
    }
  }

  function submit(typed: string): void {
    screen.showNotice("");
    screen.scrollToEnd();
    const input = parseInput(typed);
    switch (input.kind) {
      case "text":
        return void send(input.text, typed);
      case "quit":
        return leave();
      case "help":
        return screen.showHelp([...HELP, ...KEYS]);
      case "who": {
        const isOnline = messenger?.chat(chat_id)?.isPeerOnline;
        return screen.showNotice(membersOf(account.username, open.peer_name, isOnline));
      }
      case "unknown":
        screen.showHelp([printable(input.error)]);
        return restoreInput(typed);
    }
  }

  /** Puts a text that was not sent back into the input, unless the user has typed another one. */
  function restoreInput(typed: string): void {
    if (editor.text === "") editor.replace(typed);
    screen.redraw();
  }

  async function send(text: string, typed: string): Promise<void> {
    if (isBlank(text)) return;
    lastTyping = 0;
    if (messenger === undefined) unstored.push(text);
    try {
      const { messenger } = await started;
      screen.add([await messenger.send(chat_id, withLineFeeds(text).replace(/\n$/, ""))]);
    } catch (error) {
      if (error instanceof ChatClosedError) return void failed.push(text);
      if (!(error instanceof LacreError || error instanceof StoreError)) return leave(error);
      screen.showNotice(`not sent: ${error.message}`);
      restoreInput(typed);
    }
  }

  function onEvent(event: MessengerEvent): void {
    if (event.type === "ended") return leave(event.error);
    if (event.type === "failed" && event.message.chat_id === chat_id) {
      failed.push(textOf(event.message));
    }
    if (event.type === "closed" && event.chat_id === chat_id) {
      closed = event.reason;
      return leave();
    }
    if (event.type === "message" || event.type === "sent") {
      if (event.message.chat_id === chat_id) screen.add([event.message]);
    }
    if (event.type === "caught_up" && event.chat_id === chat_id) {
      messenger?.markRead(chat_id, event.seq);
    }
    if (event.type === "message" && !event.message.isOwn && event.message.seq !== undefined) {
      messenger?.markRead(chat_id, event.message.seq);
    }
    screen.onEvent(event);
  }

  async function connect(): Promise<void> {
    const connected = await Messenger.start({
      account,
      WebSocket: NodeWebSocket,
      open: [open],
      only: [chat_id],
      begin: "last",
      onEvent,
    });
    if (hasLeft) return void connected.stop();
    messenger = connected;
    screen.start(connected);
    start({ messenger: connected });
    screen.add(await connected.queued(chat_id));
    await load();
  }

  process.stdout.on("resize", () => screen.redraw());
  process.stdout.on("error", () => leave());
  terminal.enter();
  try {
    await Promise.race([left, connect()]);
    await left;
  } finally {
    hasLeft = true;
    terminal.leave();
    keyboard.close();
    process.stdin.destroy();
    if (messenger !== undefined) await close(messenger);
  }
  const connected = messenger as Messenger | undefined;
  const lost = closed === undefined ? [] : [...failed, editor.text].filter((text) => text !== "");
  return {
    pending: connected?.pending ?? 0,
    unsent: connected === undefined ? unstored : lost,
    closed,
  };
}
