import { useSignal } from "@preact/signals";
import type { GroupLine } from "lacre-client/groups";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { isInFront } from "../model/front.js";
import type { GroupHome } from "../model/group-home.js";
import { GROUPS_ADDRESS } from "../model/route.js";
import { PaneHead } from "./chat-pane.js";
import { Composer } from "./composer.js";
import { timeOf } from "./days.js";
import { countMembers, GroupMembers } from "./group-members.js";
import { Ticks } from "./parts.js";

/** One group: its lines, a field to write, and its members. */
export function GroupPane({ groupHome, chatId }: { groupHome: GroupHome; chatId: number }) {
  const members = useRef<HTMLDialogElement>(null);
  const draft = useSignal("");
  const groups = groupHome.groups!;
  const group = groups.get(chatId);
  if (group === undefined) {
    return (
      <div class="nothing">
        <h2>This device is not in this group</h2>
        <a href={GROUPS_ADDRESS}>Back to the groups</a>
      </div>
    );
  }
  const { disputed } = groups.mls;
  const isDisputed = group.members.some(({ user_id }) => disputed.includes(user_id));
  return (
    <>
      <PaneHead name={group.title} avatar={chatId} list="groups">
        <p class="state">{countMembers(group.members)}</p>
        <button
          type="button"
          class="icon"
          aria-haspopup="dialog"
          aria-label="Members of this group"
          title="Members of this group"
          onClick={() => members.current?.showModal()}
        >
          <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <circle cx="7" cy="7" r="3" />
            <path d="M2 16c0-3 2-5 5-5s5 2 5 5M13 4.500a3 3 0 0 1 0 5M15 11.500c2 .7 3 2.400 3 4.500" />
          </svg>
        </button>
      </PaneHead>
      <Lines groupHome={groupHome} chatId={chatId} />
      {group.isActive ? (
        <Composer to={group.title} draft={draft} send={(text) => groupHome.send(chatId, text)} />
      ) : (
        <p class="hint" role="status">
          {isDisputed
            ? "You cannot write here: a member has other devices than before. Compare the safety number in the list of members."
            : "You cannot write here: this device is not in the group any more, or joins it again."}
        </p>
      )}
      <GroupMembers groupHome={groupHome} group={group} dialog={members} />
    </>
  );
}

function Lines({ groupHome, chatId }: { groupHome: GroupHome; chatId: number }) {
  const scroller = useRef<HTMLElement>(null);
  const lines = groupHome.groups!.lines(chatId);
  useLayoutEffect(() => {
    scroller.current?.scrollTo(0, scroller.current.scrollHeight);
  }, [lines.length]);
  const isRead = isInFront.value;
  useEffect(() => {
    if (isRead) groupHome.groups!.markRead(chatId);
  }, [groupHome, chatId, isRead, lines.length]);
  return (
    <div class="messages">
      <section
        ref={scroller}
        class="timeline"
        role="log"
        aria-label="Messages of the group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an element that scrolls must take the focus to be scrolled with the keyboard.
        tabIndex={0}
      >
        <div class="days">
          <div class="day">
            <ol>
              {lines.map((line) => (
                <Line key={line.key} line={line} />
              ))}
            </ol>
          </div>
        </div>
      </section>
    </div>
  );
}

function Line({ line }: { line: GroupLine }) {
  if (line.kind !== "text") {
    return (
      <li class={line.kind === "note" ? "note" : "note unreadable"}>
        <span dir="auto">
          {line.kind === "unreadable" && "a message cannot be read: "}
          {line.text}
        </span>
      </li>
    );
  }
  return (
    <li class={`message ${line.isOwn ? "own" : "peer"}`}>
      {line.isOwn ? (
        <span class="hidden">You: </span>
      ) : (
        <p class="sender">
          <bdi>{line.sender}</bdi>
          <span class="hidden">: </span>
        </p>
      )}
      <p class="text" dir="auto">
        {line.text}
      </p>
      <p class="meta">
        <time dateTime={new Date(line.timestamp * 1000).toISOString()}>
          {timeOf(line.timestamp)}
        </time>
        {line.isOwn && <Ticks tick={line.seq === undefined ? "queued" : "sent"} />}
      </p>
    </li>
  );
}
