import { useSignal } from "@preact/signals";
import { readDeviceLink } from "lacre/mls";
import type { GroupHome } from "../model/group-home.js";
import { ErrorText } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

/** The devices of the user: a list, a form that adds one, and a button that removes one. */
export function GroupDevices({ groupHome }: { groupHome: GroupHome }) {
  const link = useSignal("");
  const confirmed = useSignal<string | undefined>(undefined);
  const { isBusy, errorText, attempt } = useAttempt(groupHome);
  const own = groupHome.groups!.mls.device?.id;

  const add = () =>
    attempt(async () => {
      if (confirmed.value !== link.value) {
        readDeviceLink(link.value);
        confirmed.value = link.value;
        return;
      }
      await groupHome.addDevice(link.value);
      link.value = "";
      confirmed.value = undefined;
    });
  const isConfirming = confirmed.value !== undefined && confirmed.value === link.value;

  return (
    <section class="fields" aria-labelledby="devices">
      <h3 id="devices">Your devices</h3>
      <ul class="devices">
        {groupHome.ownDevices.map(({ id, addedAt }) => (
          <li key={id}>
            <code>{id.slice(0, 8)}</code>, added on {new Date(addedAt * 1000).toLocaleDateString()}
            {id === own ? (
              " (this one)"
            ) : (
              <button
                type="button"
                class="link"
                disabled={isBusy.value}
                onClick={() => void attempt(() => groupHome.removeDevice(id))}
              >
                Remove<span class="hidden"> {id.slice(0, 8)}</span>
              </button>
            )}
          </li>
        ))}
      </ul>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <label>
          Add a device: the text that it shows
          <input
            required
            autocomplete="off"
            spellcheck={false}
            placeholder="lacre-device:…"
            value={link.value}
            onInput={({ currentTarget }) => (link.value = currentTarget.value.trim())}
          />
        </label>
        {isConfirming && (
          <p role="status">
            The new device is <code>{readDeviceLink(link.value).device.slice(0, 8)}</code>. Add it
            only if it is yours: it can read all your groups.
          </p>
        )}
        <button type="submit" disabled={isBusy.value}>
          {isConfirming ? "Yes, add it" : "Add the device"}
        </button>
      </form>
      <ErrorText text={errorText.value} />
    </section>
  );
}
