import { useSignal } from "@preact/signals";
import { WEAK_PASSPHRASE_RISK, type WordLanguage } from "lacre-client";
import { useRef } from "preact/hooks";
import type { NewPassphrase } from "../model/new-passphrase.js";

const LANGUAGES: readonly (readonly [WordLanguage, string])[] = [
  ["en", "English"],
  ["es", "Español"],
];

interface DrawWordsProps {
  readonly newPassphrase: NewPassphrase;
  /** Called after words were generated, to show them. */
  readonly show: () => void;
  readonly fail: (reason: string) => void;
}

/** Buttons that generate a passphrase of five words and copy it. */
export function DrawWords({ newPassphrase, show, fail }: DrawWordsProps) {
  const language = useSignal<WordLanguage>(navigator.language.startsWith("es") ? "es" : "en");
  /** The text that was copied last. */
  const copied = useSignal<string | undefined>(undefined);
  const isDrawn =
    newPassphrase.drawn.value !== undefined &&
    newPassphrase.drawn.value === newPassphrase.text.value;
  const isCopied = copied.value === newPassphrase.text.value;

  const draw = () => {
    newPassphrase
      .draw(language.value)
      .then(show, () => fail("The word list did not load. Check your connection and try again."));
  };
  const copy = () => {
    const text = newPassphrase.text.value;
    navigator.clipboard.writeText(text).then(
      () => {
        copied.value = text;
      },
      () => fail("The browser does not let this page copy. Select the words and copy them."),
    );
  };

  return (
    <div class="draw">
      <button type="button" onClick={draw}>
        {isDrawn ? "Draw others" : "Draw five words"}
      </button>
      <label>
        <span class="hidden">Language of the words</span>
        <select
          value={language.value}
          onChange={({ currentTarget }) => {
            language.value = currentTarget.value as WordLanguage;
          }}
        >
          {LANGUAGES.map(([code, name]) => (
            <option key={code} value={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {isDrawn && (
        <button type="button" onClick={copy}>
          {isCopied ? "Copied" : "Copy"}
        </button>
      )}
      <span class="hidden" role="status">
        {isCopied && "The passphrase is copied."}
      </span>
    </div>
  );
}

/** Shows the rating of the passphrase. For a weak one, states the risk and has a checkbox to accept it. */
export function Strength({ newPassphrase }: { newPassphrase: NewPassphrase }) {
  const verdict = newPassphrase.verdict.value;
  const isWeak = verdict?.isBelowFloor ?? false;
  const wasWeak = useRef(false);
  wasWeak.current ||= isWeak;
  return (
    <>
      <p id="strength" class={`strength ${verdict?.strength ?? ""}`} role="status">
        {verdict?.sentence}
      </p>
      {/* Keep the space once it was shown, so that the button below does not move while the user presses it. */}
      {wasWeak.current && (
        <label class="check" style={{ visibility: isWeak ? "visible" : "hidden" }}>
          <input
            type="checkbox"
            checked={newPassphrase.acceptsRisk.value}
            onChange={({ currentTarget }) => {
              newPassphrase.acceptsRisk.value = currentTarget.checked;
            }}
          />
          <span>
            Use it anyway. <span class="hint">{WEAK_PASSPHRASE_RISK}</span>
          </span>
        </label>
      )}
    </>
  );
}
