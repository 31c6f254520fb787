import { useSignal } from "@preact/signals";
import type { LogReview } from "lacre/client/mls";
import { acceptDevices, type GroupState } from "lacre-client/groups";
import type { RefObject } from "preact";
import type { GroupHome } from "../model/group-home.js";
import { GROUPS_ADDRESS, replaceRoute } from "../model/route.js";
import { Dialog } from "./dialog.js";
import { ErrorText } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

interface GroupMembersProps {
  readonly groupHome: GroupHome;
  readonly group: GroupState;
  readonly dialog: RefObject<HTMLDialogElement | null>;
}

interface ShownNumber {
  readonly user_id: number;
  readonly digits: string;
  /** The devices that are accepted if the numbers are the same. */
  readonly review: LogReview | undefined;
}

/** The members of a group: their safety numbers, and how to add and remove them. */
export function GroupMembers({ groupHome, group, dialog }: GroupMembersProps) {
  const { chat_id, members, isActive } = group;
  const groups = groupHome.groups!;
  const added = useSignal("");
  const number = useSignal<ShownNumber | undefined>(undefined);
  const { isBusy, errorText, attempt } = useAttempt(groupHome);
  const { user_id: own, disputed } = groups.mls;
  const isAdmin = members.some(({ user_id, role }) => user_id === own && role === "admin");

  const show = (user_id: number) =>
    attempt(async () => {
      // In a group that is stopped, the user decides about the devices that the server shows now.
      const review = isActive ? undefined : await groups.mls.review(user_id);
      const digits = review?.safetyNumber ?? (await groups.mls.safetyNumber(user_id));
      number.value = { user_id, digits, review };
    });
  const verify = ({ user_id, review }: ShownNumber) =>
    attempt(async () => {
      if (review === undefined) await groups.mls.setVerified(user_id);
      else await acceptDevices(groups.mls, review);
      number.value = undefined;
    });
  const add = () =>
    attempt(async () => {
      await groups.add(chat_id, added.value.split(/[\s,]+/).filter(Boolean));
      added.value = "";
    });
  const leave = () =>
    attempt(async () => {
      await groups.mls.leave(chat_id);
      dialog.current?.close();
      replaceRoute(GROUPS_ADDRESS);
    });

  return (
    <Dialog title="Members" id="group-members" dialog={dialog}>
      <ul class="devices">
        {members.map(({ user_id, username, role }) => (
          <li key={user_id}>
            <bdi>{username}</bdi>
            {user_id === own && " (you)"}
            {role !== "member" && ` – ${role}`}
            {user_id !== own && (groups.mls.isVerified(user_id) ? " – verified" : "")}
            {disputed.includes(user_id) && " – has other devices than before"}
            {user_id !== own && (
              <button type="button" class="link" onClick={() => void show(user_id)}>
                Safety number<span class="hidden"> of {username}</span>
              </button>
            )}
            {user_id !== own && isAdmin && (isActive || disputed.includes(user_id)) && (
              <button
                type="button"
                class="link"
                disabled={isBusy.value}
                onClick={() => void attempt(() => groups.remove(chat_id, user_id))}
              >
                Remove<span class="hidden"> {username}</span>
              </button>
            )}
            {number.value?.user_id === user_id && (
              <div class="hint">
                <code class="recovery-key">{inGroups(number.value.digits)}</code>
                <p>
                  Compare it with {username}, in person or by telephone. If both see the same
                  number, only you and {username} have the keys.
                  {number.value.review !== undefined &&
                    ` You then accept the devices that ${username} has now, and the group goes on.`}
                </p>
                <button type="button" onClick={() => void verify(number.value!)}>
                  They are the same
                </button>
              </div>
            )}
          </li>
        ))}
      </ul>
      {isAdmin && isActive && (
        <>
          <label>
            Usernames to add
            <input
              autocapitalize="none"
              spellcheck={false}
              value={added.value}
              onInput={({ currentTarget }) => (added.value = currentTarget.value)}
            />
          </label>
          <button type="button" disabled={isBusy.value} onClick={() => void add()}>
            Add to the group
          </button>
        </>
      )}
      {isActive && (
        <button type="button" disabled={isBusy.value} onClick={() => void leave()}>
          Leave the group
        </button>
      )}
      <ErrorText text={errorText.value} />
    </Dialog>
  );
}

/** Returns 60 digits in groups of five. */
function inGroups(digits: string): string {
  return digits.replace(/\d{5}(?=\d)/g, "$& ");
}

/** Returns the number of members, in words. */
export function countMembers(members: readonly unknown[]): string {
  return members.length === 1 ? "1 member" : `${members.length} members`;
}
