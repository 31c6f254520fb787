import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";
import type { App } from "../model/app.js";
import type { Home } from "../model/home.js";
import { Dialog } from "./dialog.js";

interface AccountSettingsProps {
  readonly app: App;
  readonly home: Home;
  readonly dialog: RefObject<HTMLDialogElement | null>;
}

export function AccountSettings({ app, home, dialog }: AccountSettingsProps) {
  const keeps = useSignal(true);
  const pending = home.pending.value;
  useEffect(() => {
    void home.choices.keepsHistory().then((chosen) => {
      keeps.value = chosen;
    });
  }, [home, keeps]);
  return (
    <Dialog title={home.account.username} id="account-settings" dialog={dialog}>
      <label class="check">
        <input
          type="checkbox"
          checked={keeps.value}
          onChange={({ currentTarget }) => {
            keeps.value = currentTarget.checked;
            void home.notices.attempt(() => home.setKeepsHistory(currentTarget.checked));
          }}
        />
        Keep messages on this device, encrypted
      </label>
      <p class="hint">So that you can read them without a connection.</p>
      <section class="fields sign-out" aria-labelledby="sign-out">
        <h3 id="sign-out">Signing out</h3>
        <p class="hint">
          Removes your sign-in and the keys of your chats from this device. Stored messages and
          unsent ones stay here, encrypted: to read them, sign in again and enter the passphrases.
          Groups need no passphrase: a person who signs in to your account here can read them. Erase
          everything if others use this device too.
        </p>
        {pending > 0 && (
          <p class="error">
            {pending === 1 ? "1 message was" : `${pending} messages were`} not sent yet. Erasing
            loses {pending === 1 ? "it" : "them"}.
          </p>
        )}
        <button type="button" onClick={() => void app.signOut()}>
          Sign out
        </button>
        <button type="button" onClick={() => void app.signOut({ erase: true })}>
          Sign out and erase everything here
        </button>
      </section>
    </Dialog>
  );
}
