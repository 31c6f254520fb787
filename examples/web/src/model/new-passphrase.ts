import { signal } from "@preact/signals";
import {
  DRAWN_PASSPHRASE,
  drawPassphrase,
  judgePassphrase,
  type PassphraseVerdict,
  type WordLanguage,
} from "lacre-client";

/** After the last key, before a passphrase is judged; in milliseconds. */
const PAUSE = 250;

/** The estimator is a file of its own, which may not load. */
const NOT_JUDGED: PassphraseVerdict = {
  strength: "weak",
  sentence: "The strength cannot be estimated, because a part of this page did not load.",
  isBelowFloor: true,
};

/** The passphrase of a chat that is begun: typed twice or drawn, and judged. */
export class NewPassphrase {
  readonly text = signal("");
  readonly again = signal("");
  /** Undefined before anything is judged. */
  readonly verdict = signal<PassphraseVerdict | undefined>(undefined);
  readonly acceptsRisk = signal(false);
  /** The passphrase that was drawn last. */
  readonly drawn = signal<string | undefined>(undefined);
  readonly #known: readonly string[];
  #pause: ReturnType<typeof setTimeout> | undefined;

  /** `known` are words that are guessed first. */
  constructor(known: readonly string[]) {
    this.#known = known;
  }

  type(text: string): void {
    this.text.value = text;
    this.acceptsRisk.value = false;
    clearTimeout(this.#pause);
    this.#pause = setTimeout(() => void this.#judge(), PAUSE);
  }

  /** Throws where the word list does not load. */
  async draw(language: WordLanguage): Promise<void> {
    const drawn = await drawPassphrase(language);
    this.drawn.value = drawn;
    this.type(drawn);
    this.again.value = drawn;
  }

  /** Returns why the passphrase is not taken as it is, or undefined. */
  async objection(): Promise<string | undefined> {
    if (this.text.value !== this.again.value) {
      return "The two are not the same. Type the passphrase once more in each field.";
    }
    const { isBelowFloor } = await this.#judge();
    if (!isBelowFloor || this.acceptsRisk.value) return undefined;
    return "This passphrase is too weak. Draw one or add words; or tick that you use it anyway.";
  }

  async #judge(): Promise<PassphraseVerdict> {
    clearTimeout(this.#pause);
    const text = this.text.value;
    const verdict = await this.#verdictOn(text);
    // It may have changed while the estimator was loaded.
    if (text === this.text.value) this.verdict.value = text === "" ? undefined : verdict;
    return verdict;
  }

  async #verdictOn(text: string): Promise<PassphraseVerdict> {
    if (text === this.drawn.value) return DRAWN_PASSPHRASE;
    try {
      return await judgePassphrase(text, this.#known);
    } catch {
      return NOT_JUDGED;
    }
  }
}
