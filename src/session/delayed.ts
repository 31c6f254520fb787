/** Collection of items, each with the time at which it is due. `take` is O(1) until the first item may be due. */
export class Delayed<Item> {
  readonly #times = new Map<Item, number>();
  #first = Number.POSITIVE_INFINITY;

  has(item: Item): boolean {
    return this.#times.has(item);
  }

  /** Sets the time of an item; replaces an earlier time. */
  put(item: Item, at: number): void {
    this.#times.set(item, at);
    this.#first = Math.min(this.#first, at);
  }

  delete(item: Item): void {
    this.#times.delete(item);
  }

  /** Removes and returns the items that are due at `now`. */
  take(now: number): Item[] {
    if (this.#first > now) return [];
    const due: Item[] = [];
    this.#first = Number.POSITIVE_INFINITY;
    for (const [item, at] of this.#times) {
      if (at > now) this.#first = Math.min(this.#first, at);
      else due.push(item);
    }
    for (const item of due) this.#times.delete(item);
    return due;
  }

  /** Time at which to call `take` again. May be too early if the first item was deleted. */
  get deadline(): number {
    return this.#first;
  }
}
