import { useSignal } from "@preact/signals";
import { KeyError } from "lacre";
import type { ChatState } from "lacre-client";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Home } from "../model/home.js";
import { NewPassphrase } from "../model/new-passphrase.js";
import { chatAddress, replaceRoute } from "../model/route.js";
import { PaneHead } from "./chat-pane.js";
import { DrawWords, Strength } from "./new-passphrase.js";
import { ErrorText, Unsent } from "./parts.js";

/** Asks for the passphrase of an existing chat. */
export function UnlockChat({ home, chat }: { home: Home; chat: ChatState }) {
  const startsOver = useSignal(false);
  const { mayStartOver, failedTexts } = home.conversation(chat.chat_id);
  const showsStartOver = startsOver.value && mayStartOver.value;
  if (showsStartOver)
    return <StartOver home={home} chat={chat} close={() => (startsOver.value = false)} />;
  return (
    <PassphraseForm
      home={home}
      title="Enter the passphrase of this chat"
      action="Open the chat"
      peerName={chat.peer_name}
      use={(passphrase) => home.opener.unlock(chat.chat_id, passphrase)}
    >
      <Unsent texts={failedTexts.value} />
      {mayStartOver.value && (
        <p class="hint">
          You have begun this chat. If you cannot recall the passphrase,{" "}
          <button type="button" class="link" onClick={() => (startsOver.value = true)}>
            start over with a new one
          </button>
        </p>
      )}
    </PassphraseForm>
  );
}

interface StartOverProps {
  readonly home: Home;
  readonly chat: ChatState;
  readonly close: () => void;
}

/** Asks for a new passphrase, if the creator mistyped the first one and the peer cannot open the chat. */
export function StartOver({ home, chat, close }: StartOverProps) {
  const { peer_name } = chat;
  const newPassphrase = useNewPassphrase(home, peer_name);
  return (
    <PassphraseForm
      home={home}
      title="Start over with a new passphrase"
      action="Start over"
      newPassphrase={newPassphrase}
      peerName={peer_name}
      use={async (passphrase) => {
        await home.opener.startOver(chat, passphrase);
        close();
      }}
    >
      <p class="hint">
        What you have written in this chat is deleted, as the new passphrase does not open it. That
        is possible until {peer_name} has read or written something.
      </p>
      <button type="button" onClick={close}>
        Cancel
      </button>
    </PassphraseForm>
  );
}

/** States that the peer has not opened the chat yet, and offers to start over if the passphrase is wrong. */
export function Unanswered({ home, chat, startOver }: UnansweredProps) {
  const { mayStartOver, lines } = home.conversation(chat.chat_id);
  const isAnswered = chat.readUpTo > 0 || lines.value.some(({ isOwn }) => !isOwn);
  if (!mayStartOver.value || isAnswered) return null;
  return (
    <p class="unanswered hint">
      <bdi>{chat.peer_name}</bdi> has not opened this chat yet.
      {chat.request === "outgoing" && " Until then you can send one message."} Does the passphrase
      not work there?{" "}
      <button type="button" class="link" onClick={startOver}>
        Start over with a new passphrase
      </button>
    </p>
  );
}

interface UnansweredProps {
  readonly home: Home;
  readonly chat: ChatState;
  readonly startOver: () => void;
}

export function BeginChat({ home, peerName }: { home: Home; peerName: string }) {
  const existing = home.chatWith(peerName);
  const newPassphrase = useNewPassphrase(home, peerName);
  useEffect(() => {
    if (existing !== undefined) replaceRoute(chatAddress(existing.chat_id));
  }, [existing]);
  return (
    <>
      <PaneHead name={peerName} avatar={0} />
      <PassphraseForm
        home={home}
        title="Agree on a passphrase"
        action="Begin the chat"
        newPassphrase={newPassphrase}
        peerName={peerName}
        use={(passphrase) => home.opener.begin(peerName, passphrase)}
      />
    </>
  );
}

function useNewPassphrase(home: Home, peerName: string): NewPassphrase {
  const { username } = home.account;
  return useMemo(() => new NewPassphrase([username, peerName]), [username, peerName]);
}

interface PassphraseFormProps {
  readonly home: Home;
  readonly title: string;
  readonly action: string;
  /** Given if the passphrase is a new one, which the user types twice. */
  readonly newPassphrase?: NewPassphrase;
  readonly peerName: string;
  readonly use: (passphrase: string) => Promise<void>;
  /** Shown below the form's button. */
  readonly children?: ComponentChildren;
}

function PassphraseForm({
  home,
  title,
  action,
  newPassphrase,
  peerName,
  use,
  children,
}: PassphraseFormProps) {
  const errorText = useSignal<string | undefined>(undefined);
  const isBusy = useSignal(false);
  const isShown = useSignal(false);
  const field = useRef<HTMLInputElement>(null);

  const showError = (reason: string) => {
    errorText.value = reason;
    isBusy.value = false;
    field.current?.focus();
    field.current?.select();
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const passphrase = field.current!.value;
    errorText.value = undefined;
    isBusy.value = true;
    const objection = await newPassphrase?.objection();
    if (objection !== undefined) return showError(objection);
    try {
      await use(passphrase);
    } catch (error) {
      showError(textOf(error, home, peerName));
    }
  };

  const type = isShown.value ? ({ type: "text" } as const) : ({ type: "password" } as const);
  const attributes = {
    ...{ ...type, autocomplete: "off", spellcheck: false },
    autocapitalize: "none",
  } as const;
  return (
    <form class="passphrase fields" onSubmit={submit} aria-busy={isBusy.value}>
      <h3>{title}</h3>
      <p>
        Your messages are encrypted with a key that is made from it, on this device. You and{" "}
        <bdi>{peerName}</bdi> need the same one: agree on it in person or in a call, not through
        this server. It is never sent or stored.
      </p>
      {newPassphrase !== undefined && (
        <DrawWords
          newPassphrase={newPassphrase}
          fail={showError}
          show={() => {
            errorText.value = undefined;
            isShown.value = true;
          }}
        />
      )}
      <label>
        Passphrase
        <input
          ref={field}
          {...attributes}
          name="passphrase"
          required
          aria-describedby={
            newPassphrase === undefined ? "passphrase-error" : "strength passphrase-error"
          }
          {...(newPassphrase !== undefined && {
            value: newPassphrase.text.value,
            onInput: ({ currentTarget }) => newPassphrase.type(currentTarget.value),
          })}
        />
      </label>
      {newPassphrase !== undefined && (
        <>
          <label>
            Passphrase, again
            <input
              {...attributes}
              name="again"
              required
              value={newPassphrase.again.value}
              onInput={({ currentTarget }) => {
                newPassphrase.again.value = currentTarget.value;
              }}
            />
          </label>
          <Strength newPassphrase={newPassphrase} />
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
      <ErrorText id="passphrase-error" text={errorText.value} />
      <button type="submit" class="primary" disabled={isBusy.value}>
        {isBusy.value ? "Making the key…" : action}
      </button>
      {children}
    </form>
  );
}

function textOf(error: unknown, home: Home, peerName: string): string {
  if (!(error instanceof KeyError) || error.code !== "ERR_WRONG_PASSPHRASE") {
    return home.notices.explain(error);
  }
  return (
    `This is not the passphrase of your chat with ${peerName}: one of you typed another. ` +
    "Nothing was sent or opened with it. Compare what you agreed on, and try again."
  );
}
