import { Delayed } from "./delayed.js";

/** The status events that are receipts. */
export type ReceiptKind = "read" | "delivered";

/** A receipt. Its `seq` is the watermark: all messages of the chat up to it are read or delivered. */
export interface Receipt {
  readonly event_type: ReceiptKind;
  readonly chat_id: number;
  readonly seq: number;
}

/** The highest receipt of each chat and kind, and which of them are to be sent. */
export class Receipts {
  readonly #receipts = new Map<string, Receipt>();
  #unsent = new Map<string, Receipt>();
  /** Receipts that the server rejected temporarily, with the time to send each again. */
  #postponed = new Delayed<string>();

  /** Queues a receipt, unless the chat has one with the same or a higher seq. */
  set(receipt: Receipt): void {
    const known = this.#receipts.get(keyOf(receipt));
    if (receipt.seq > (known?.seq ?? -1)) this.#put(receipt);
  }

  /** Lowers a chat's receipts to `seq`, because its last seq is now that: a server rejects higher ones. */
  rewind(chatId: number, seq: number): void {
    for (const receipt of this.#receipts.values()) {
      if (receipt.chat_id === chatId && receipt.seq > seq) this.#put({ ...receipt, seq });
    }
  }

  /** Returns the receipts to send now and counts them as sent. */
  due(now: number): Iterable<Receipt> {
    for (const key of this.#postponed.take(now)) this.#unsent.set(key, this.#receipts.get(key)!);
    const due = this.#unsent.values();
    this.#unsent = new Map();
    return due;
  }

  /** Starts a new connection: queues all receipts again, because the previous connection may have lost some. */
  connect(): void {
    this.#unsent = new Map(this.#receipts);
    this.#postponed = new Delayed();
  }

  /** Schedules a rejected receipt to be sent again at `at`, Unix time in seconds. Returns false if there is no such receipt. */
  postpone(kind: unknown, chatId: unknown, at: number): boolean {
    const key = `${kind} ${chatId}`;
    if (!this.#receipts.has(key)) return false;
    this.#postponed.put(key, at);
    return true;
  }

  /** When a postponed receipt is due, Unix time in seconds. */
  get deadline(): number {
    return this.#postponed.deadline;
  }

  #put(receipt: Receipt): void {
    const key = keyOf(receipt);
    this.#receipts.set(key, receipt);
    if (!this.#postponed.has(key)) this.#unsent.set(key, receipt);
  }
}

function keyOf({ event_type, chat_id }: Receipt): string {
  return `${event_type} ${chat_id}`;
}
