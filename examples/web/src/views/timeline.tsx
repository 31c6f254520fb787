import type { ChatState } from "lacre-client";
import { memo } from "preact/compat";
import type { Line } from "../model/conversation.js";
import type { Home } from "../model/home.js";
import { byDay } from "./days.js";
import { Message } from "./message.js";

/** So close to the top, in pixels, that earlier messages are fetched. */
const NEAR = 400;

interface TimelineProps {
  readonly home: Home;
  readonly chat: ChatState;
  /** Whether ciphertext stands in place of the texts. */
  readonly isBare: boolean;
}

export function Timeline({ home, chat, isBare }: TimelineProps) {
  const conversation = home.conversation(chat.chat_id);
  const { lines, earlier } = conversation;
  const loadEarlier = () => void home.loadEarlier(chat.chat_id);
  const { deliveredUpTo, readUpTo } = chat;
  return (
    // The content is at its bottom, and stays there when something is added at either end: by column-reverse.
    <section
      class="timeline"
      aria-label={`Messages with ${chat.peer_name}`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is to be scrolled with the keyboard too.
      tabIndex={0}
      onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
        const isNear = scrollHeight - clientHeight + scrollTop < NEAR;
        if (isNear && earlier.value === "more") loadEarlier();
      }}
    >
      <div class="days">
        <Beginning earlier={earlier.value} retry={loadEarlier} />
        {byDay(lines.value).map(({ day, title, lines: ofDay }) => (
          <section key={day} class="day" aria-label={title}>
            <h3>
              <time dateTime={day}>{title}</time>
            </h3>
            <ol>
              {ofDay.map((line) => (
                <Entry
                  key={keyOf(line)}
                  line={line}
                  peerName={chat.peer_name}
                  isBare={isBare}
                  {...(line.isOwn ? { deliveredUpTo, readUpTo } : NO_MARKS)}
                  edit={(failed) => conversation.edit(failed)}
                />
              ))}
            </ol>
          </section>
        ))}
      </div>
    </section>
  );
}

const NO_MARKS = { deliveredUpTo: 0, readUpTo: 0 };

/** One that arrives does not have all others drawn anew. */
const Entry = memo(Message, (one, other) => {
  const fields = ["line", "isBare", "deliveredUpTo", "readUpTo", "peerName"] as const;
  return fields.every((field) => one[field] === other[field]);
});

function keyOf({ client_id, sender_id, seq }: Line): string {
  return client_id === undefined ? String(seq) : `${sender_id} ${client_id}`;
}

function Beginning({ earlier, retry }: { earlier: string; retry: () => void }) {
  if (earlier === "loading") return <p class="beginning">Loading…</p>;
  if (earlier === "none") {
    return (
      <p class="beginning">This is the beginning. Only the two of you can read what follows.</p>
    );
  }
  if (earlier === "offline") {
    return <p class="beginning">Earlier messages are with the server, which is not reached now.</p>;
  }
  const said = earlier === "failed" ? "Earlier messages were not loaded. Try again" : undefined;
  return (
    <p class="beginning">
      <button type="button" class="link" onClick={retry}>
        {said ?? "Load earlier messages"}
      </button>
    </p>
  );
}
