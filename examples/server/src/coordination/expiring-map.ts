/** Seconds between two looks for what has expired. */
const SWEEP_INTERVAL = 30;

/** A map whose entries are gone after a time of theirs, Unix time in seconds. */
export class ExpiringMap<Value> {
  readonly #entries = new Map<string, { readonly value: Value; readonly expires: number }>();
  #sweptAt = now();

  get(key: string): Value | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expires > now() ? entry.value : undefined;
  }

  set(key: string, value: Value, expires: number): void {
    this.#sweep();
    this.#entries.set(key, { value, expires });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  #sweep(): void {
    if (now() - this.#sweptAt < SWEEP_INTERVAL) return;
    this.#sweptAt = now();
    for (const [key, { expires }] of this.#entries) {
      if (expires <= this.#sweptAt) this.#entries.delete(key);
    }
  }
}

const now = () => Date.now() / 1000;
