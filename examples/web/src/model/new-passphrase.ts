import { signal } from "@preact/signals";
import {
  DRAWN_PASSPHRASE,
  drawPassphrase,
  judgePassphrase,
  type PassphraseVerdict,
  type WordLanguage,
} from "lacre-client";

/** Delay after the last key before a passphrase is rated, in milliseconds. */
const RATING_DELAY = 250;

/** Rating if the estimator, which is a separate file, does not load. */
const NOT_RATED: PassphraseVerdict = {
  strength: "weak",
  sentence: "The strength cannot be estimated, because a part of this page did not load.",
  isBelowFloor: true,
};

/** The passphrase of a new chat: typed twice or generated, and rated. */
export class NewPassphrase {
  readonly text = signal("");
  readonly again = signal("");
  /** Undefined before the first rating. */
  readonly verdict = signal<PassphraseVerdict | undefined>(undefined);
  readonly acceptsRisk = signal(false);
  /** The last generated passphrase. */
  readonly drawn = signal<string | undefined>(undefined);
  readonly #guessable: readonly string[];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `guessable` are words that an attacker tries first, such as the names of the members. */
  constructor(guessable: readonly string[]) {
    this.#guessable = guessable;
  }

  type(text: string): void {
    this.text.value = text;
    this.acceptsRisk.value = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#rate(), RATING_DELAY);
  }

  /** Generates a passphrase, and fills in both fields. Throws if the word list does not load. */
  async draw(language: WordLanguage): Promise<void> {
    const drawn = await drawPassphrase(language);
    this.drawn.value = drawn;
    this.type(drawn);
    this.again.value = drawn;
  }

  /** Returns why the passphrase cannot be used, or undefined if it can. */
  async objection(): Promise<string | undefined> {
    if (this.text.value !== this.again.value) {
      return "The two passphrases differ. Type the passphrase again in both fields.";
    }
    const { isBelowFloor } = await this.#rate();
    if (!isBelowFloor || this.acceptsRisk.value) return undefined;
    return "This passphrase is too weak. Draw one, add words, or tick “Use it anyway”.";
  }

  async #rate(): Promise<PassphraseVerdict> {
    clearTimeout(this.#timer);
    const text = this.text.value;
    const verdict = await this.#verdictOf(text);
    // The text may have changed while the estimator was loading.
    if (text === this.text.value) this.verdict.value = text === "" ? undefined : verdict;
    return verdict;
  }

  async #verdictOf(text: string): Promise<PassphraseVerdict> {
    if (text === this.drawn.value) return DRAWN_PASSPHRASE;
    try {
      return await judgePassphrase(text, this.#guessable);
    } catch {
      return NOT_RATED;
    }
  }
}
