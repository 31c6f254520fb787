import { type ReadonlySignal, signal } from "@preact/signals";
import {
  LoginEndedError,
  NotLoggedInError,
  plainSentence,
  StoreError,
  UnreachableError,
} from "lacre-client";

/** Shows errors as a notice that the user can dismiss. Ends the session if it cannot continue. */
export class Notices {
  readonly current = signal<string | undefined>(undefined);
  /** The last notice about a store that fails. */
  #storeNotice: string | undefined;
  readonly #isOnline: ReadonlySignal<boolean | undefined>;
  readonly #end: (error: unknown) => void;

  /** `end` is called with the error after which nothing can continue. */
  constructor(isOnline: ReadonlySignal<boolean | undefined>, end: (error: unknown) => void) {
    this.#isOnline = isOnline;
    this.#end = end;
  }

  /** Runs work, and shows its error if it fails. Returns whether it succeeded. */
  async attempt(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#report(error);
      return false;
    }
  }

  /** Returns the sentence for an error that a form shows. Ends the session if the login is no longer valid. */
  explain(error: unknown): string {
    if (isFinal(error)) this.#end(error);
    return plainSentence(error);
  }

  /** Shows the error of a store that fails. Without an error, removes that notice. */
  noteStore(error: StoreError | undefined): void {
    const isShown = this.current.peek() === this.#storeNotice;
    this.#storeNotice = error && plainSentence(error);
    if (error !== undefined || isShown) this.current.value = this.#storeNotice;
  }

  #report(error: unknown): void {
    if (isFinal(error)) return this.#end(error);
    if (error instanceof StoreError) return this.noteStore(error);
    // The banner already shows that there is no connection.
    if (error instanceof UnreachableError && this.#isOnline.peek() === false) return;
    this.current.value = plainSentence(error);
  }
}

/** Whether nothing can continue before the user signs in again. */
function isFinal(error: unknown): boolean {
  return error instanceof LoginEndedError || error instanceof NotLoggedInError;
}
