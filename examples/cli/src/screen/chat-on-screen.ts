import { LacreError } from "lacre";
import { type Account, Messenger, type MessengerEvent, type OpenChat } from "lacre-client";
import { connectInNode } from "lacre-client/node";
import { stopSignal } from "../stop-signal.js";
import { ChatScreen } from "./chat-screen.js";
import { LineEditor } from "./line-editor.js";
import { Terminal } from "./terminal.js";

/** How often the peer is told that we type, in milliseconds. */
const TYPING_INTERVAL = 3000;

/** Has a person chat on a terminal until they have enough. Gives how many messages are not sent. */
export async function chatOnScreen(account: Account, open: OpenChat): Promise<number> {
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

  const editor = new LineEditor({
    line: (text) => void send(text),
    end: () => leave(),
    key,
    suspend() {
      terminal.leave();
      process.once("SIGCONT", () => {
        terminal.enter();
        editor.resume();
        screen.redraw();
      });
      // The whole job: whoever started this program is to stop with it.
      process.kill(0, "SIGTSTP");
    },
  });
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

  /** Where the screen has no more, the server may. */
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
      if (isKeptCopy) screen.say("earlier messages: as far as they are kept here");
    } catch (error) {
      screen.say(`earlier messages cannot be had: ${(error as Error).message}`);
    } finally {
      isLoading = false;
    }
  }

  async function send(text: string): Promise<void> {
    if (text === "") return;
    lastTyping = 0;
    screen.say("");
    screen.scrollToEnd();
    try {
      // What is typed before everything is there waits.
      const { messenger } = await started;
      screen.add([await messenger.send(chat_id, text)]);
    } catch (error) {
      if (!(error instanceof LacreError)) return leave(error);
      screen.say(`not sent: ${error.message}`);
    }
  }

  function hear(event: MessengerEvent): void {
    if (event.type === "ended") return leave(event.error);
    if (event.type === "message" || event.type === "sent") {
      if (event.message.chat_id === chat_id) screen.add([event.message]);
    }
    if (event.type === "caught_up" && event.chat_id === chat_id) {
      messenger?.markRead(chat_id, event.seq);
    }
    if (event.type === "message" && !event.message.isOwn && event.message.seq !== undefined) {
      messenger?.markRead(chat_id, event.message.seq);
    }
    screen.note(event);
  }

  process.stdout.on("resize", () => screen.redraw());
  terminal.enter();
  try {
    messenger = await Messenger.start({
      account,
      connect: connectInNode,
      open: [open],
      only: [chat_id],
      begin: "last",
      hear,
    });
    screen.start(messenger);
    start({ messenger });
    screen.add(await messenger.queued(chat_id));
    await Promise.race([left, load()]);
    await left;
  } finally {
    terminal.leave();
    editor.close();
    process.stdin.destroy();
    await messenger?.stop();
  }
  return messenger.pending;
}
