import type { ChatState, ContactAction } from "lacre-client";
import type { Home } from "../model/home.js";
import { ErrorText } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

interface ContactProps {
  readonly home: Home;
  readonly chat: ChatState;
}

/** Shows a chat request or that the peer is blocked, with buttons to accept, decline, block and unblock. */
export function Contact({ home, chat }: ContactProps) {
  const { peer_name, request, isBlocked, isOpen } = chat;
  if (!isBlocked && request !== "incoming") return null;
  return (
    <div class="unanswered hint">
      <p role="status">
        {isBlocked && (
          <>
            You have blocked <bdi>{peer_name}</bdi>: neither of you can write here.
          </>
        )}
        {!isBlocked && (
          <>
            <bdi>{peer_name}</bdi> wants to write to you.
            {isOpen ? "" : " Entering the passphrase that you share accepts the chat."}
          </>
        )}
      </p>
      {isBlocked && <Change home={home} chat={chat} action="unblock" name="Unblock" />}
      {!isBlocked && isOpen && <Change home={home} chat={chat} action="accept" name="Accept" />}
      {!isBlocked && <Change home={home} chat={chat} action="block" name="Decline and block" />}
    </div>
  );
}

interface ChangeProps extends ContactProps {
  readonly action: ContactAction;
  readonly name: string;
  /** Called after the change. */
  readonly done?: () => void;
}

/** A button that makes the change, and its error. */
export function Change({ home, chat, action, name, done }: ChangeProps) {
  const { isBusy, errorText, attempt } = useAttempt(home.notices);

  const change = () =>
    attempt(async () => {
      await home.changeContact(chat.chat_id, action);
      done?.();
    });

  return (
    <>
      <button type="button" class="link" disabled={isBusy.value} onClick={() => void change()}>
        {name}
      </button>
      <ErrorText text={errorText.value} />
    </>
  );
}
