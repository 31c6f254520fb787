/** Map from strings to values that keeps the 10,000 newest entries. */
export class RecentMap<Value> {
  readonly #values = new Map<string, Value>();
  /** Ring buffer of the keys. A Map alone is slow: its iterator steps over all deleted entries to find the first one. */
  readonly #ring: string[] = [];
  #next = 0;

  has(key: string): boolean {
    return this.#values.has(key);
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** Adds an entry, unless the key exists. Returns whether it was added. */
  add(key: string, value: Value): boolean {
    if (this.#values.has(key)) return false;
    const oldest = this.#ring[this.#next];
    if (oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, value);
    this.#ring[this.#next] = key;
    this.#next = (this.#next + 1) % 10_000;
    return true;
  }

  /** Removes the entries that `test` selects. */
  remove(test: (key: string, value: Value) => boolean): void {
    // `forEach` skips the removed elements.
    this.#ring.forEach((key, at) => {
      if (!test(key, this.#values.get(key)!)) return;
      this.#values.delete(key);
      delete this.#ring[at];
    });
  }
}
