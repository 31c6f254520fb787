import { useSignal } from "@preact/signals";
import { KeyError } from "lacre";
import type { ChatState } from "lacre-client";
import { useEffect, useRef } from "preact/hooks";
import { reasonOf } from "../model/app.js";
import type { Home } from "../model/home.js";
import { chatAddress, replaceRoute } from "../model/route.js";
import { PaneHead } from "./chat-pane.js";
import { Trouble } from "./parts.js";

/** A chat that somebody began, here or elsewhere. */
export function UnlockChat({ home, chat }: { home: Home; chat: ChatState }) {
  return (
    <PassphraseForm
      title="Enter the passphrase of this chat"
      action="Open the chat"
      isNew={false}
      peerName={chat.peer_name}
      use={(passphrase) => home.unlock(chat.chat_id, passphrase)}
    />
  );
}

export function BeginChat({ home, peerName }: { home: Home; peerName: string }) {
  const existing = home.chatWith(peerName);
  useEffect(() => {
    if (existing !== undefined) replaceRoute(chatAddress(existing.chat_id));
  }, [existing]);
  return (
    <>
      <PaneHead name={peerName} avatar={0} />
      <PassphraseForm
        title="Agree on a passphrase"
        action="Begin the chat"
        isNew
        peerName={peerName}
        use={(passphrase) => home.begin(peerName, passphrase)}
      />
    </>
  );
}

interface PassphraseFormProps {
  readonly title: string;
  readonly action: string;
  readonly isNew: boolean;
  readonly peerName: string;
  readonly use: (passphrase: string) => Promise<void>;
}

function PassphraseForm({ title, action, isNew, peerName, use }: PassphraseFormProps) {
  const trouble = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const isShown = useSignal(false);
  const field = useRef<HTMLInputElement>(null);

  const refuse = (reason: string) => {
    trouble.value = reason;
    isBusy.value = false;
    field.current?.focus();
    field.current?.select();
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const passphrase = String(fields.get("passphrase"));
    if (isNew && passphrase !== fields.get("again")) {
      return refuse("The two are not the same. Type the passphrase once more in each field.");
    }
    trouble.value = undefined;
    isBusy.value = true;
    try {
      await use(passphrase);
    } catch (error) {
      refuse(said(error, peerName));
    }
  };

  const typed = isShown.value ? ({ type: "text" } as const) : ({ type: "password" } as const);
  return (
    <form class="passphrase fields" onSubmit={submit} aria-busy={isBusy.value}>
      <h3>{title}</h3>
      <p>
        Your messages are encrypted with a key that is made from it, on this device. You and{" "}
        <bdi>{peerName}</bdi> need the same one: agree on it where nobody listens, not through this
        server. It is never sent or stored.
      </p>
      <label>
        Passphrase
        <input
          ref={field}
          {...typed}
          name="passphrase"
          autocomplete="off"
          required
          aria-describedby="passphrase-trouble"
        />
      </label>
      {isNew && (
        <>
          <label>
            Passphrase, again
            <input {...typed} name="again" autocomplete="off" required />
          </label>
          <p class="hint">
            Whoever runs the server can try to guess it. Four words that do not belong together, or
            more, withstand that. It cannot be changed later.
          </p>
        </>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={isShown.value}
          onChange={({ currentTarget }) => {
            isShown.value = currentTarget.checked;
          }}
        />
        Show what I type
      </label>
      <Trouble id="passphrase-trouble" text={trouble.value} />
      <button type="submit" class="primary" disabled={isBusy.value}>
        {isBusy.value ? "Making the key…" : action}
      </button>
    </form>
  );
}

function said(error: unknown, peerName: string): string {
  if (!(error instanceof KeyError) || error.code !== "ERR_WRONG_PASSPHRASE") return reasonOf(error);
  return (
    `This is not the passphrase of your chat with ${peerName}: one of you typed another. ` +
    "Nothing was sent or opened with it. Compare what you agreed on, and try again."
  );
}
