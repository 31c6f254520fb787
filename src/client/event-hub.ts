import { invalidArgument } from "../arguments.js";
import { EventReader } from "./event-reader.js";

interface Typed {
  readonly type: string;
}
type Listener<Event> = (event: Event) => unknown;

/** Passes events to listeners and to `for await` loops, one after the other. */
export class EventHub<Event extends Typed> {
  readonly #listeners = new Map<string, Set<Listener<never>>>();
  readonly #readers = new Set<EventReader<Event>>();
  #last: Event | undefined;

  /** Adds a listener. Returns a function that removes it. */
  on(type: string, listener: Listener<never>): () => void {
    if (typeof listener !== "function") throw invalidArgument("listener", "must be a function");
    // A function added twice is called twice, and each call of `on` removes its own.
    const own: Listener<never> = (event) => listener(event);
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(own));
    return () => void listeners.delete(own);
  }

  /** Starts a loop. Calls `leave` when it is left. */
  read(leave: () => void): EventReader<Event> {
    const reader = new EventReader<Event>(() => {
      this.#readers.delete(reader);
      leave();
    });
    if (this.#last === undefined) this.#readers.add(reader);
    else reader.end(this.#last);
    return reader;
  }

  /** Resolves with whether all listeners and loops handled the event. Rejects with the error of a listener. */
  async emit(event: Event): Promise<boolean> {
    await this.#call(event);
    const handled = await Promise.all([...this.#readers].map((reader) => reader.offer(event)));
    return !handled.includes(false);
  }

  /** Takes back the events that loops have not received. They are not handled. */
  cancel(): void {
    for (const reader of this.#readers) reader.cancel();
  }

  /** Emits the last event, and ends all loops. Ignores errors of its listeners. */
  async end(event: Event): Promise<void> {
    this.#last = event;
    for (const reader of this.#readers) reader.end(event);
    this.#readers.clear();
    await this.#call(event).catch(() => {});
    this.#listeners.clear();
  }

  async #call(event: Event): Promise<void> {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])])
      await listener(event as never);
  }
}
