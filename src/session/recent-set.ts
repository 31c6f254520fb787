/** Remembers the latest of many texts, 10,000 of them. */
export class RecentSet {
  readonly #texts = new Set<string>();

  has(text: string): boolean {
    return this.#texts.has(text);
  }

  /** Whether a text is new; it is not from then on. */
  add(text: string): boolean {
    if (this.#texts.has(text)) return false;
    this.#texts.add(text);
    if (this.#texts.size > 10_000) {
      const [oldest] = this.#texts;
      this.#texts.delete(oldest!);
    }
    return true;
  }
}
