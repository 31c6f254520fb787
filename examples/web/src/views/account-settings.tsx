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
            void home.attempt(() => home.keepHistory(currentTarget.checked));
          }}
        />
        Keep messages on this device, encrypted
      </label>
      <p class="hint">So that you can read them without a connection.</p>
      {home.pending.value > 0 && (
        <p class="hint">
          Not everything that you wrote was sent yet. It waits here until you sign in again.
        </p>
      )}
      <button type="button" onClick={() => void app.signOut()}>
        Sign out
      </button>
    </Dialog>
  );
}
