import { useSignal } from "@preact/signals";
import { MAX_TITLE_LENGTH } from "lacre-client/groups";
import type { GroupHome } from "../model/group-home.js";
import { groupAddress, replaceRoute } from "../model/route.js";
import { GroupBackup } from "./group-backup.js";
import { GroupDevices } from "./group-devices.js";
import { countMembers } from "./group-members.js";
import { GroupPane } from "./group-pane.js";
import { GroupSetup } from "./group-setup.js";
import { Avatar, BackLink, ErrorText } from "./parts.js";
import { useAttempt } from "./use-attempt.js";

/** The groups' part of the page: a group, the list of groups, or what the device needs before that. */
export function GroupsView({
  groupHome,
  chatId,
}: {
  groupHome: GroupHome;
  chatId: number | undefined;
}) {
  const { stage, notice } = groupHome;
  return (
    <>
      {notice.value !== undefined && (
        <p class="banner bare" role="alert">
          {notice.value}{" "}
          <button type="button" class="link" onClick={() => (notice.value = undefined)}>
            Close
          </button>
        </p>
      )}
      {stage.value.name !== "ready" && <GroupSetup groupHome={groupHome} stage={stage.value} />}
      {stage.value.name === "ready" &&
        (chatId === undefined ? (
          <GroupList groupHome={groupHome} />
        ) : (
          <GroupPane groupHome={groupHome} chatId={chatId} />
        ))}
    </>
  );
}

function GroupList({ groupHome }: { groupHome: GroupHome }) {
  const { list } = groupHome.groups!;
  return (
    <div class="groups">
      <BackLink to="chats" />
      <h2>Groups</h2>
      {list.length === 0 && <p class="hint">You are in no group yet.</p>}
      <ul class="chats">
        {list.map(({ chat_id, title, members, unread, isActive }) => (
          <li key={chat_id}>
            <a href={groupAddress(chat_id)}>
              <Avatar id={chat_id} name={title} />
              <span class="about">
                <bdi class="name">{title}</bdi>
                <span class="state">
                  {isActive ? countMembers(members) : "You cannot write here any more"}
                </span>
              </span>
              {unread > 0 && (
                <span class="unread">
                  {unread}
                  <span class="hidden"> unread</span>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
      <NewGroup groupHome={groupHome} />
      <GroupDevices groupHome={groupHome} />
      <GroupBackup groupHome={groupHome} />
    </div>
  );
}

function NewGroup({ groupHome }: { groupHome: GroupHome }) {
  const title = useSignal("");
  const names = useSignal("");
  const { isBusy, errorText, attempt } = useAttempt(groupHome);

  const create = () =>
    attempt(async () => {
      const members = names.value.split(/[\s,]+/).filter((name) => name !== "");
      const chatId = await groupHome.groups!.create(title.value.trim(), members);
      replaceRoute(groupAddress(chatId));
    });

  return (
    <form
      class="fields"
      aria-labelledby="new-group"
      onSubmit={(event) => {
        event.preventDefault();
        void create();
      }}
    >
      <h3 id="new-group">New group</h3>
      <label>
        Name of the group
        <input
          required
          maxLength={MAX_TITLE_LENGTH}
          value={title.value}
          onInput={({ currentTarget }) => (title.value = currentTarget.value)}
        />
      </label>
      <label>
        Usernames of the members, with spaces between them
        <input
          required
          autocapitalize="none"
          spellcheck={false}
          value={names.value}
          onInput={({ currentTarget }) => (names.value = currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary" disabled={isBusy.value}>
        {isBusy.value ? "Creating…" : "Create the group"}
      </button>
      <ErrorText text={errorText.value} />
    </form>
  );
}
