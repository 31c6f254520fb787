/** A mark that does not come undone. */
export type MarkKind = "read" | "delivered";

/** What is to be marked. */
export interface Mark {
  readonly event_type: MarkKind;
  readonly chat_id: number;
  readonly seq: number;
}

/** How far the user has read each chat, and this device got it. Only the furthest counts. */
export class Marks {
  readonly #marks = new Map<string, Mark>();
  #unsent = new Map<string, Mark>();

  set(mark: Mark): void {
    const known = this.#marks.get(keyOf(mark));
    if (mark.seq > (known?.seq ?? -1)) this.#put(mark);
  }

  /** The chat ends at `seq` again, and a server refuses marks past that. */
  rewind(chatId: number, seq: number): void {
    for (const mark of this.#marks.values()) {
      if (mark.chat_id === chatId && mark.seq > seq) this.#put({ ...mark, seq });
    }
  }

  /** The marks to send now. They count as sent from then on. */
  due(): Iterable<Mark> {
    const due = this.#unsent.values();
    this.#unsent = new Map();
    return due;
  }

  /** A new connection: what was sent over the one before may be lost. */
  connect(): void {
    this.#unsent = new Map(this.#marks);
  }

  #put(mark: Mark): void {
    for (const marks of [this.#marks, this.#unsent]) marks.set(keyOf(mark), mark);
  }
}

function keyOf({ event_type, chat_id }: Mark): string {
  return `${event_type} ${chat_id}`;
}
