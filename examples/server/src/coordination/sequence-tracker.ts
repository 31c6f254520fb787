/** Seconds after the start in which any number of another instance's first message is accepted. */
const STARTUP_PERIOD = 5;

/** Seconds without messages after which the tracker removes an instance. */
const RETENTION = 3600;

/** Tracks the sequence numbers of each instance's pub/sub messages to detect repetitions and gaps. */
export class SequenceTracker {
  readonly #last = new Map<string, { number: number; receivedAt: number }>();
  readonly #startedAt = performance.now() / 1000;

  /** Records a message's number. With `isBeat`, `number` is that of the instance's last message. */
  record(instance: string, number: number, isBeat: boolean): "next" | "repeated" | "gap" {
    const now = performance.now() / 1000;
    const before = isBeat ? number : number - 1;
    const known = this.#last.get(instance);
    if (known !== undefined && !isBeat && number <= known.number) return "repeated";
    if (known === undefined) this.#removeOld(now);
    this.#last.set(instance, { number: Math.max(number, known?.number ?? 0), receivedAt: now });
    const isStarting = now - this.#startedAt < STARTUP_PERIOD;
    const expected = known?.number ?? (isStarting ? before : 0);
    return before > expected ? "gap" : "next";
  }

  #removeOld(now: number): void {
    for (const [instance, { receivedAt }] of this.#last) {
      if (now - receivedAt > RETENTION) this.#last.delete(instance);
    }
  }
}
