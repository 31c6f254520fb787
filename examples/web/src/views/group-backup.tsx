import { useSignal } from "@preact/signals";
import type { GroupHome } from "../model/group-home.js";
import { ErrorText, RecoveryKeyField } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

/** The backup of groups: a form that turns it on or restores it, and a button that turns it off. */
export function GroupBackup({ groupHome }: { groupHome: GroupHome }) {
  const key = useSignal("");
  const { isBusy, errorText, attempt } = useAttempt(groupHome);
  const isOn = groupHome.isBackedUp;

  const withKey = (work: (text: string) => Promise<void>) =>
    attempt(async () => {
      await work(key.value);
      key.value = "";
    });

  return (
    <section class="fields" aria-labelledby="backup">
      <h3 id="backup">Backup of your groups</h3>
      <p>
        {isOn
          ? "On: the server keeps an encrypted copy of what your devices read."
          : "Off: what a device has read is lost with the device."}{" "}
        Only your recovery key opens the copy. A thief of the key who also gets what the server
        keeps reads all of it.
      </p>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          void withKey((text) =>
            isOn ? groupHome.restoreBackup(text) : groupHome.turnBackupOn(text),
          );
        }}
      >
        <RecoveryKeyField text={key} />
        <button type="submit" disabled={isBusy.value}>
          {isOn ? "Restore what this device has not read" : "Turn the backup on"}
        </button>
      </form>
      {isOn && (
        <button
          type="button"
          class="link"
          disabled={isBusy.value}
          onClick={() => void attempt(() => groupHome.turnBackupOff())}
        >
          Turn the backup off, and delete it
        </button>
      )}
      <ErrorText text={errorText.value} />
    </section>
  );
}
