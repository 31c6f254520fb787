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
  readonly #marks = new Map<string, { mark: Mark; isSent: boolean }>();

  set(mark: Mark): void {
    const key = `${mark.event_type} ${mark.chat_id}`;
    const known = this.#marks.get(key);
    if (known === undefined || known.mark.seq < mark.seq)
      this.#marks.set(key, { mark, isSent: false });
  }

  /** The marks to send now. They count as sent from then on. */
  due(): Mark[] {
    const due = [...this.#marks.values()].filter(({ isSent }) => !isSent);
    for (const entry of due) entry.isSent = true;
    return due.map(({ mark }) => mark);
  }

  /** The connection is gone, and maybe what was sent over it too. */
  disconnect(): void {
    for (const entry of this.#marks.values()) entry.isSent = false;
  }
}
