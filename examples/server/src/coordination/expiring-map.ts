/** Minimum seconds between two removals of expired entries. */
const REMOVAL_INTERVAL = 30;

/** Value of a key and its remaining lifetime. */
interface Entry<Value> {
  readonly value: Value;
  /** Remaining lifetime in seconds. */
  readonly expiresIn: number;
}

/** A map whose entries expire by the monotonic clock, independent of changes of the system clock. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly expires: number }>();
  #removedAt = monotonic();

  get(key: string): Entry<Value> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const expiresIn = entry.expires - monotonic();
    return expiresIn > 0 ? { value: entry.value, expiresIn } : undefined;
  }

  set(key: string, value: Value, expiresIn: number): Entry<Value> {
    this.#removeExpired();
    this.#entries.set(key, { value, expires: monotonic() + expiresIn });
    return { value, expiresIn };
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #removeExpired(): void {
    const now = monotonic();
    if (now - this.#removedAt < REMOVAL_INTERVAL) return;
    this.#removedAt = now;
    for (const [key, { expires }] of this.#entries) {
      if (expires <= now) this.#entries.delete(key);
    }
  }
}

/** Returns the monotonic clock in seconds. */
const monotonic = () => performance.now() / 1000;
