/** An event that a loop received or will receive. `settle` reports whether the loop handled it. */
interface Offer<Event> {
  readonly event: Event;
  readonly settle: (isHandled: boolean) => void;
  isTaken: boolean;
}

/**
 * Iterator of one `for await` loop. It offers one event at a time. An event is handled when the loop requests the next one; an
 * event at which the loop is left is not handled.
 */
export class EventReader<Event> implements AsyncIterableIterator<Event, undefined> {
  readonly #leave: () => void;
  #offer: Offer<Event> | undefined;
  #last: Event | undefined;
  #isDone = false;
  #wake = () => {};

  /** Calls `leave` when the loop is left before the last event. */
  constructor(leave: () => void) {
    this.#leave = leave;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Offers an event. Resolves with whether it was handled. */
  offer(event: Event): Promise<boolean> {
    if (this.#isDone) return Promise.resolve(true);
    return new Promise((settle) => {
      this.#offer = { event, settle, isTaken: false };
      this.#wake();
    });
  }

  /** Takes back an event that the loop has not received. It is not handled. */
  cancel(): void {
    if (this.#offer?.isTaken === false) this.#settle(false);
  }

  /** Sets the last event. */
  end(event: Event): void {
    this.#last = event;
    this.#wake();
  }

  async next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#offer?.isTaken) this.#settle(true);
    while (!this.#isDone && this.#offer === undefined && this.#last === undefined)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    if (this.#offer !== undefined) {
      this.#offer.isTaken = true;
      return { done: false, value: this.#offer.event };
    }
    const last = this.#last;
    if (this.#isDone || last === undefined) return { done: true, value: undefined };
    this.#isDone = true;
    return { done: false, value: last };
  }

  async return(): Promise<IteratorResult<Event, undefined>> {
    const wasDone = this.#isDone;
    this.#isDone = true;
    this.#settle(false);
    this.#wake();
    if (!wasDone) this.#leave();
    return { done: true, value: undefined };
  }

  #settle(isHandled: boolean): void {
    const offer = this.#offer;
    this.#offer = undefined;
    offer?.settle(isHandled);
  }
}
