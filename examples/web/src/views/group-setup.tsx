import { useSignal } from "@preact/signals";
import type { GroupHome, GroupsStage } from "../model/group-home.js";
import { BackLink, ErrorText, RecoveryKeyField } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

/** What a device needs before it can use groups. */
export function GroupSetup({ groupHome, stage }: { groupHome: GroupHome; stage: GroupsStage }) {
  return (
    <div class="groups">
      <BackLink to="chats" />
      <h2>Groups and devices</h2>
      <Step groupHome={groupHome} stage={stage} />
    </div>
  );
}

function Step({ groupHome, stage }: { groupHome: GroupHome; stage: GroupsStage }) {
  switch (stage.name) {
    case "new":
      return (
        <>
          <p>
            Groups need no passphrase: each of your devices has a key of its own, and the people in
            a group see which devices are yours.
          </p>
          <button type="button" class="primary" onClick={() => void groupHome.begin()}>
            Set up groups on this device
          </button>
        </>
      );
    case "recovery key":
      return <ShownRecoveryKey text={stage.text} done={stage.done} />;
    case "other devices":
      return <OtherDevices groupHome={groupHome} />;
    case "linking":
      return (
        <>
          <p>
            On a device that you use already, open “Groups and devices”, and enter this text under
            “Add a device”. It is valid for 10 minutes.
          </p>
          <p>
            <code class="link-text">{stage.link}</code>
          </p>
          <p role="status">Waiting for the other device…</p>
        </>
      );
    case "stopped":
      return <ErrorText text={stage.reason} />;
    default:
      return <p role="status">Opening…</p>;
  }
}

function ShownRecoveryKey({ text, done }: { text: string; done: () => void }) {
  const isWritten = useSignal(false);
  return (
    <>
      <p>
        Write this recovery key on paper, and keep it in a safe place. With it you can come back
        after you have lost all your devices. It is shown only now.
      </p>
      <p>
        <code class="recovery-key">{text}</code>
      </p>
      <label class="check">
        <input
          type="checkbox"
          checked={isWritten.value}
          onChange={({ currentTarget }) => (isWritten.value = currentTarget.checked)}
        />
        I have written it down
      </label>
      <button type="button" class="primary" disabled={!isWritten.value} onClick={done}>
        Go on
      </button>
    </>
  );
}

function OtherDevices({ groupHome }: { groupHome: GroupHome }) {
  const [key, password] = [useSignal(""), useSignal("")];
  const lost = useSignal<readonly string[]>([]);
  const { isBusy, errorText, attempt } = useAttempt(groupHome);
  const devices = groupHome.ownDevices;

  const setLost = (id: string, isLost: boolean) => {
    const others = lost.value.filter((one) => one !== id);
    lost.value = isLost ? [...others, id] : others;
  };

  return (
    <>
      <p>You use groups on another device. It can add this one:</p>
      <button type="button" class="primary" onClick={() => void groupHome.link()}>
        Add this device
      </button>
      <form
        class="fields"
        aria-labelledby="recover"
        onSubmit={(event) => {
          event.preventDefault();
          void attempt(() => groupHome.recover(key.value, lost.value));
        }}
      >
        <h3 id="recover">If you have lost the other devices</h3>
        <RecoveryKeyField text={key} />
        <fieldset>
          <legend>Which devices have you lost?</legend>
          {devices.map(({ id, addedAt }) => (
            <label key={id} class="check">
              <input
                type="checkbox"
                onChange={({ currentTarget }) => setLost(id, currentTarget.checked)}
              />
              {id.slice(0, 8)}, added on {new Date(addedAt * 1000).toLocaleDateString()}
            </label>
          ))}
        </fieldset>
        <button type="submit" disabled={isBusy.value}>
          Recover
        </button>
        <ErrorText text={errorText.value} />
      </form>
      <form
        class="fields"
        aria-labelledby="reset"
        onSubmit={(event) => {
          event.preventDefault();
          void groupHome.reset(password.value);
        }}
      >
        <h3 id="reset">If you have lost your paper too</h3>
        <p>
          Begin again with this device: all others are removed, and you are signed out there. People
          in your groups write to you again when they have compared a new safety number with you.
        </p>
        <label>
          Password of your account
          <input
            required
            type="password"
            autocomplete="current-password"
            value={password.value}
            onInput={({ currentTarget }) => (password.value = currentTarget.value)}
          />
        </label>
        <button type="submit">Begin again</button>
      </form>
    </>
  );
}
