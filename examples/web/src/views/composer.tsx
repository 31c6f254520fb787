import type { Signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { returnToDraft } from "../model/conversation.js";

/** Whether a key belongs to a composition. Safari ends it before the Enter that confirms it, whose key code is 229. */
const isComposing = (event: KeyboardEvent) => event.isComposing || event.keyCode === 229;

interface ComposerProps {
  /** Name of the peer or the group. */
  readonly to: string;
  readonly draft: Signal<string>;
  /** Sends a text. Returns whether it is stored: a text that is not returns to the draft. */
  readonly send: (text: string) => Promise<boolean>;
  /** Called when the user types. */
  readonly onTyping?: () => void;
}

/** The field and the button to write a message. */
export function Composer({ to, draft, send: store, onTyping }: ComposerProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  // Not on a touch screen, where the focus opens the keyboard.
  useLayoutEffect(() => {
    if (!matchMedia("(pointer: coarse)").matches) field.current?.focus();
  }, []);

  const send = () => {
    const text = draft.value;
    if (text.trim() === "") return;
    draft.value = "";
    void store(text).then((isStored) => {
      if (!isStored) returnToDraft(draft, text);
    });
    field.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="hidden" for="composer">
        Message to {to}
      </label>
      <textarea
        id="composer"
        ref={field}
        rows={1}
        dir="auto"
        placeholder="Write a message"
        aria-describedby="composer-hint"
        value={draft.value}
        onInput={({ currentTarget }) => {
          draft.value = currentTarget.value;
          if (currentTarget.value !== "") onTyping?.();
        }}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || isComposing(event)) return;
          event.preventDefault();
          send();
        }}
      />
      <p id="composer-hint" class="hidden">
        Enter sends, Shift and Enter make a new line.
      </p>
      <button type="submit" class="primary send" aria-label="Send">
        <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path d="M3 10h13m-5.5-5.500L16 10l-5.5 5.5" />
        </svg>
      </button>
    </form>
  );
}
