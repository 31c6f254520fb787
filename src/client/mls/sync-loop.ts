import { type Background, ClosedError } from "./background.js";
import type { MlsEvent } from "./types.js";

/** Seconds after which failed work is repeated. */
const RETRY_INTERVAL = 30;

/** Does again and again what is to be done at the server, when it is asked for and when it is due. */
export class SyncLoop {
  readonly #background: Background;
  readonly #emit: (event: MlsEvent) => void;
  readonly #work: () => Promise<number>;
  #running: Promise<void> | undefined;
  #isWanted = false;

  /** `work` returns the seconds after which to look again. */
  constructor(
    background: Background,
    emit: (event: MlsEvent) => void,
    work: () => Promise<number>,
  ) {
    this.#background = background;
    this.#emit = emit;
    this.#work = work;
  }

  /** Does the work. If it is being done, it is done once more after that. */
  run(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#runUntilDone().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Does other work that returns the seconds after which to look again. */
  async scheduling(work: () => Promise<number>): Promise<void> {
    try {
      this.#background.schedule(await work(), () => void this.run());
    } catch (error) {
      if (error instanceof ClosedError) return;
      this.#emit({ type: "error", chat_id: undefined, error });
      this.#background.schedule(RETRY_INTERVAL, () => void this.run());
    }
  }

  async #runUntilDone(): Promise<void> {
    while (this.#isWanted && !this.#background.isStopped) {
      this.#isWanted = false;
      await this.scheduling(this.#work);
    }
  }
}
