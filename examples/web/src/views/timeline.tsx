import { type ChatState, shownUnread } from "lacre-client";
import { memo } from "preact/compat";
import type { Line } from "../model/conversation.js";
import type { Home } from "../model/home.js";
import { AutoDeleteChange, isChangeLast, lineAfterChange } from "./auto-delete-change.js";
import { Beginning } from "./beginning.js";
import { byDay } from "./days.js";
import { Message } from "./message.js";
import { useScrolling } from "./scrolling.js";

interface TimelineProps {
  readonly home: Home;
  readonly chat: ChatState;
  /** Whether to show the ciphertext instead of the texts. */
  readonly showsCiphertext: boolean;
}

/** The messages of a chat. Not a live region, or screen readers would read out earlier messages when they load: see `announcement`. */
export function Timeline({ home, chat, showsCiphertext }: TimelineProps) {
  const conversation = home.conversation(chat.chat_id);
  const { earlier, firstUnread, isAtEnd, unread, retryAt } = conversation;
  const { scroller, content, shown, latestBefore, onScroll, goToEnd } = useScrolling(home, chat);
  const { deliveredUpTo, readUpTo } = chat;
  const firstNew = firstUnread.value ?? Number.POSITIVE_INFINITY;
  const afterDivider = shown.find(({ isOwn, seq = 0 }) => !isOwn && seq >= firstNew);
  const lines = conversation.lines.value;
  const isWhole = earlier.value === "none" && shown[0] === lines[0];
  const afterChange = lineAfterChange(chat, shown, isWhole);
  const isLast = shown.at(-1) === lines.at(-1) && isChangeLast(chat, lines);
  return (
    <div class="messages">
      <section
        ref={scroller}
        class="timeline"
        role="log"
        aria-live="off"
        aria-busy={earlier.value === "loading"}
        aria-label={`Messages with ${chat.peer_name}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an element that scrolls must take the focus to be scrolled with the keyboard.
        tabIndex={0}
        onScroll={onScroll}
      >
        <div ref={content} class="days">
          <Beginning
            earlier={earlier.value}
            retryAt={retryAt.value}
            retry={() => void home.loadEarlier(chat.chat_id)}
          />
          {byDay(shown, latestBefore).map(({ day, title, lines }) => (
            <section key={day} class="day" aria-label={title}>
              <h3>
                <time dateTime={day}>{title}</time>
              </h3>
              <ol>
                {lines.flatMap((line) => [
                  ...(line === afterChange
                    ? [<AutoDeleteChange key="change" {...{ home, chat }} />]
                    : []),
                  ...(line === afterDivider ? [<Divider key="new" />] : []),
                  <Entry
                    key={keyOf(line)}
                    line={line}
                    peerName={chat.peer_name}
                    showsCiphertext={showsCiphertext}
                    {...(line.isOwn ? { deliveredUpTo, readUpTo } : NO_RECEIPTS)}
                    moveToDraft={(failed) => conversation.moveToDraft(failed)}
                  />,
                ])}
              </ol>
            </section>
          ))}
          {isLast && (
            <ol>
              <AutoDeleteChange home={home} chat={chat} />
            </ol>
          )}
        </div>
      </section>
      {!isAtEnd.value && <Jump unread={unread.value} jump={goToEnd} />}
    </div>
  );
}

const NO_RECEIPTS = { deliveredUpTo: 0, readUpTo: 0 };

/** Renders only if a field changed, so that a new message does not render all others again. */
const Entry = memo(Message, (one, other) => {
  const fields = ["line", "showsCiphertext", "deliveredUpTo", "readUpTo", "peerName"] as const;
  return fields.every((field) => one[field] === other[field]);
});

function keyOf({ client_id, sender_id, seq }: Line): string {
  return client_id === undefined ? String(seq) : `${sender_id} ${client_id}`;
}

function Divider() {
  return (
    <li class="divider">
      <span>New messages</span>
    </li>
  );
}

function Jump({ unread, jump }: { unread: number; jump: () => void }) {
  return (
    <button type="button" class="jump" onClick={jump}>
      {unread > 0 && <span class="unread">{shownUnread(unread)}</span>}
      <span class="hidden">
        {unread > 0 && " unread. "}
        Go to the last message
      </span>
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <path d="M10 4v12m-5-5 5 5 5-5" />
      </svg>
    </button>
  );
}
