/** Says that work was stopped, and ends the waits for what is not used any more then. */
export class StopSignal {
  readonly #ends = new Set<() => void>();
  #isStopped = false;

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
    for (const end of this.#ends) end();
  }

  /** Settles as `work` does, but resolves with undefined at `stop`. */
  wait<Result>(work: Promise<Result>): Promise<Result | undefined> {
    return new Promise((resolve, reject) => {
      const end = () => resolve(undefined);
      this.#ends.add(end);
      if (this.#isStopped) end();
      void work.then(resolve, reject).finally(() => this.#ends.delete(end));
    });
  }
}
