/** Seconds after its start in which an instance hears of others for the first time, without having missed anything. */
const SETTLING = 5;

/** Seconds after which an instance that is not heard is forgotten. */
const MEMORY = 3600;

/** What was heard of each instance's numbered announcements: which of them came before, and whether some never came. */
export class Hearing {
  readonly #last = new Map<string, { number: number; heardAt: number }>();
  readonly #startedAt = performance.now() / 1000;

  /** Notes an announcement, or with `isBeat` an instance's word that `number` was its last one. */
  note(instance: string, number: number, isBeat: boolean): "next" | "repeated" | "gap" {
    const now = performance.now() / 1000;
    const before = isBeat ? number : number - 1;
    const known = this.#last.get(instance);
    if (known !== undefined && !isBeat && number <= known.number) return "repeated";
    if (known === undefined) this.#forget(now);
    this.#last.set(instance, { number: Math.max(number, known?.number ?? 0), heardAt: now });
    const isSettling = now - this.#startedAt < SETTLING;
    const expected = known?.number ?? (isSettling ? before : 0);
    return before > expected ? "gap" : "next";
  }

  #forget(now: number): void {
    for (const [instance, { heardAt }] of this.#last) {
      if (now - heardAt > MEMORY) this.#last.delete(instance);
    }
  }
}
