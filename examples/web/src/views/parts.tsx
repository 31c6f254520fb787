import type { Signal } from "@preact/signals";
import type { Tick } from "lacre-client";
import icon from "../icon.svg";
import type { UnsentText } from "../model/conversation.js";
import { GROUPS_ADDRESS } from "../model/route.js";

export function Logo({ size = 28 }: { size?: number }) {
  return <img class="logo" src={icon} width={size} height={size} alt="" />;
}

/** A link back to a list, on narrow screens. */
export function BackLink({ to }: { to: "chats" | "groups" }) {
  return (
    <a class="back" href={to === "groups" ? GROUPS_ADDRESS : "#/"}>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d="M12.5 4 6.5 10l6 6" />
      </svg>
      <span class="hidden">Back to the {to}</span>
    </a>
  );
}

/** A field for the recovery key, which the user has on paper. */
export function RecoveryKeyField({ text }: { text: Signal<string> }) {
  return (
    <label>
      Recovery key, from your paper
      <input
        required
        autocomplete="off"
        spellcheck={false}
        value={text.value}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
      />
    </label>
  );
}

/** Number of colours in the style sheet: `tone-0` to `tone-5`. */
const TONES = 6;

/** The first letter of a user's name, in a colour that depends on the id. */
export function Avatar({ id, name }: { id: number; name: string }) {
  const [first = "?"] = name;
  return (
    <span class={`avatar tone-${id % TONES}`} aria-hidden="true">
      {first.toUpperCase()}
    </span>
  );
}

const LABELS: Readonly<Record<Tick, string>> = {
  queued: "Waiting to be sent",
  sent: "Sent",
  delivered: "Delivered",
  read: "Read",
};

/** Shows how far one of the user's own messages has come. */
export function Ticks({ tick }: { tick: Tick }) {
  return (
    <span class={`ticks ${tick}`} title={LABELS[tick]}>
      <svg viewBox="0 0 22 12" width="22" height="12" aria-hidden="true">
        {tick === "queued" ? (
          <path d="M11 1.2a4.8 4.8 0 1 0 .01 0M11 3.5v2.7l1.8 1.2" />
        ) : (
          <path d="M2 6.5 5.2 9.7 12 2.5" />
        )}
        {(tick === "delivered" || tick === "read") && <path d="m9.5 9 .8.7 6.8-7.2" />}
      </svg>
      <span class="hidden">{LABELS[tick]}</span>
    </span>
  );
}

/** An error text, which a screen reader announces immediately. */
export function ErrorText({ id, text }: { id?: string; text: string | undefined }) {
  return (
    <p id={id} class="error" role="alert">
      {text}
    </p>
  );
}

/** Texts that exist only in this page, for the user to copy. */
export function Unsent({ texts }: { texts: readonly UnsentText[] }) {
  if (texts.length === 0) return null;
  return (
    <section class="unsent-texts" aria-labelledby="unsent">
      <h2 id="unsent">Not sent yet: copy what you need before you go on</h2>
      <ul>
        {texts.map(({ id, text }) => (
          <li key={id} class="text" dir="auto">
            {text}
          </li>
        ))}
      </ul>
    </section>
  );
}
