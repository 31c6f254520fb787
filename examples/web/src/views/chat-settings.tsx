import { useSignal } from "@preact/signals";
import { type ChatState, describeExpiring, durationOf } from "lacre-client";
import type { RefObject } from "preact";
import type { Home } from "../model/home.js";
import { Change } from "./contact.js";
import { ErrorText } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

const CHOICES: readonly number[] = [0, 1, 24, 7 * 24, 30 * 24];

interface ChatSettingsProps {
  readonly home: Home;
  readonly chat: ChatState;
  readonly dialog: RefObject<HTMLDialogElement | null>;
}

/** Settings of a chat. Saves on the button only, and asks first if the change deletes messages. */
export function ChatSettings({ home, chat, dialog }: ChatSettingsProps) {
  const { chat_id, auto_delete_hours } = chat;
  const chosen = useSignal<number | undefined>(undefined);
  const question = useSignal<string | undefined>(undefined);
  const { isBusy, errorText, attempt } = useAttempt({
    explain: (error) => `Not saved. ${home.notices.explain(error)}`,
  });
  const choices = CHOICES.includes(auto_delete_hours) ? CHOICES : [...CHOICES, auto_delete_hours];

  function choose(value: number | undefined): void {
    chosen.value = value;
    question.value = undefined;
    errorText.value = undefined;
  }

  async function save(): Promise<void> {
    // Not the rendered value: the user may save before the choice is rendered.
    const hours = chosen.value ?? auto_delete_hours;
    const isUnchanged = hours === auto_delete_hours;
    if (!isUnchanged && hours > 0 && question.value === undefined) {
      const expiring = await home.account.api.countExpiring(chat_id, hours);
      if (expiring.count > 0) {
        question.value = describeExpiring(expiring, hours);
        return;
      }
    }
    if (!isUnchanged) await home.setAutoDelete(chat_id, hours);
    dialog.current?.close();
  }

  return (
    <dialog ref={dialog} aria-labelledby="chat-settings" onClose={() => choose(undefined)}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy.value) void attempt(save);
        }}
      >
        <h2 id="chat-settings">Settings of this chat</h2>
        <label>
          Messages disappear
          <select
            value={chosen.value ?? auto_delete_hours}
            disabled={isBusy.value}
            onChange={({ currentTarget }) => choose(Number(currentTarget.value))}
          >
            {choices.map((choice) => (
              <option key={choice} value={choice}>
                {choice === 0 ? "Never" : `After ${durationOf(choice)}`}
              </option>
            ))}
          </select>
        </label>
        <p class="hint">
          For both of you, existing messages included. The server deletes them, and so do your
          devices. Copies of a message outside Lacre stay.
        </p>
        <p role="alert">{question.value}</p>
        <ErrorText text={errorText.value} />
        <button type="submit" disabled={isBusy.value}>
          {question.value === undefined ? "Save" : "Delete them and save"}
        </button>
        {!chat.isBlocked && (
          <Change
            home={home}
            chat={chat}
            action="block"
            name={`Block ${chat.peer_name}`}
            done={() => dialog.current?.close()}
          />
        )}
        <button type="button" class="link" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
      </form>
    </dialog>
  );
}
