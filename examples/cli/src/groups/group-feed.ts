import type { GroupClient, GroupMessage } from "lacre-client/groups";
import type { GroupOutput } from "./group-output.js";
import type { MlsSession } from "./mls-session.js";

/** Milliseconds without a message after which the number of unreadable ones is shown. */
const FLUSH_AFTER = 500;
const PAGE = 100;

/** Shows the messages of groups: the stored ones that were not shown yet, then the new ones. */
export class GroupFeed {
  readonly #session: MlsSession;
  readonly #output: GroupOutput;
  readonly #isShown: (chatId: number) => boolean;
  #timer: NodeJS.Timeout | undefined;
  #begin: () => void = () => {};
  /** New messages wait until the stored ones are shown. */
  readonly #begun = new Promise<void>((resolve) => {
    this.#begin = resolve;
  });

  /** @param isShown - Whether to show the messages of a group. */
  constructor(
    session: MlsSession,
    output: GroupOutput,
    isShown: (chatId: number) => boolean = () => true,
  ) {
    this.#session = session;
    this.#output = output;
    this.#isShown = isShown;
  }

  /** Shows stored messages that were not shown yet, and at least the last `atLeast` of each group. */
  async begin(client: GroupClient, atLeast = 0): Promise<void> {
    for (const chatId of this.#session.book.ids.filter(this.#isShown)) {
      const { shown } = this.#session.book.get(chatId);
      const messages: GroupMessage[] = [];
      for (let before = Number.MAX_SAFE_INTEGER; ; before = messages[0]!.seq!) {
        const page = await client.history(chatId, { before, limit: PAGE });
        messages.unshift(...page);
        const isAll = messages.length >= atLeast && (messages[0]?.seq ?? 0) <= shown;
        if (page.length === 0 || isAll) break;
      }
      const first = messages.findIndex(({ seq = 0 }) => seq > shown);
      const unseen = first === -1 ? messages.length : first;
      for (const message of messages.slice(
        Math.max(0, Math.min(unseen, messages.length - atLeast)),
      ))
        await this.#show(message, false);
    }
    await this.#output.flush();
    this.#begin();
  }

  /** Shows a new message. */
  async receive(message: GroupMessage, isSent: boolean): Promise<void> {
    if (!this.#isShown(message.chat_id)) return;
    await this.#begun;
    await this.#show(message, isSent);
    clearTimeout(this.#timer);
    // A failing output is reported with the next message.
    const flush = () => void this.#output.flush().catch(() => {});
    this.#timer = setTimeout(flush, FLUSH_AFTER).unref();
  }

  async #show(message: GroupMessage, isSent: boolean): Promise<void> {
    const { book } = this.#session;
    const { chat_id, seq = 0 } = message;
    await this.#output[isSent ? "sent" : "message"](message, book);
    if (seq > book.get(chat_id).shown) book.change(chat_id, { shown: seq });
  }
}
