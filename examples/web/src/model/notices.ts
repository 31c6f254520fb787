import { type ReadonlySignal, signal } from "@preact/signals";
import {
  LoginEndedError,
  NotLoggedInError,
  plainSentence,
  StoreError,
  UnreachableError,
} from "lacre-client";

/** Reports what goes wrong in the page: as a notice that the user can dismiss, or as the end of the session. */
export class Notices {
  readonly current = signal<string | undefined>(undefined);
  /** The last notice about what the browser does not store. */
  #ofStore: string | undefined;
  readonly #isOnline: ReadonlySignal<boolean | undefined>;
  readonly #end: (error: unknown) => void;

  /** `end` is called with the error after which nothing can continue. */
  constructor(isOnline: ReadonlySignal<boolean | undefined>, end: (error: unknown) => void) {
    this.#isOnline = isOnline;
    this.#end = end;
  }

  /** Does work that may fail. Returns whether it succeeded, and reports why it did not. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  /** Returns the sentence for an error that a form shows itself. Ends the session if the login is over. */
  explain(error: unknown): string {
    if (isFinal(error)) this.#end(error);
    return plainSentence(error);
  }

  /** Says that the browser does not store what the page gives it. Without an error, removes that notice. */
  noteStore(error: StoreError | undefined): void {
    const isShown = this.current.peek() === this.#ofStore;
    this.#ofStore = error && plainSentence(error);
    if (error !== undefined || isShown) this.current.value = this.#ofStore;
  }

  #report(error: unknown): void {
    if (isFinal(error)) return this.#end(error);
    if (error instanceof StoreError) return this.noteStore(error);
    // The banner says so already.
    if (error instanceof UnreachableError && this.#isOnline.peek() === false) return;
    this.current.value = plainSentence(error);
  }
}

/** Whether nothing can continue before the user signs in again. */
function isFinal(error: unknown): boolean {
  return error instanceof LoginEndedError || error instanceof NotLoggedInError;
}
