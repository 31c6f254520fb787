import { type ChatState, shownUnread } from "lacre-client";
import type { Line } from "../model/conversation.js";
import type { Home } from "../model/home.js";
import { chatAddress, route } from "../model/route.js";
import { timeOrDateOf } from "./days.js";
import { Avatar } from "./parts.js";

export function ChatList({ home }: { home: Home }) {
  const current = route.value;
  const isCurrent = ({ chat_id }: ChatState) =>
    current.name === "chat" && current.chatId === chat_id;
  return (
    <ul class="chats">
      {home.chats.value.map((chat) => (
        <li key={chat.chat_id}>
          <a href={chatAddress(chat.chat_id)} aria-current={isCurrent(chat) ? "page" : undefined}>
            <Avatar id={chat.peer_id} name={chat.peer_name} />
            <span class="about">
              <span class="first">
                <bdi class="name">{chat.peer_name}</bdi>
                <Presence chat={chat} />
                <Time home={home} chat={chat} />
              </span>
              <span class="state last">
                <State home={home} chat={chat} isCurrent={isCurrent(chat)} />
              </span>
            </span>
            <Unread count={home.unreadIn(chat)} />
          </a>
        </li>
      ))}
    </ul>
  );
}

function Unread({ count }: { count: number }) {
  if (count === 0) return null;
  return (
    <span class="unread">
      {shownUnread(count)}
      <span class="hidden"> unread</span>
    </span>
  );
}

interface StateProps {
  readonly home: Home;
  readonly chat: ChatState;
  readonly isCurrent: boolean;
}

function State({ home, chat, isCurrent }: StateProps) {
  const { access, draft, isPeerTyping, last } = home.conversation(chat.chat_id);
  if (access.value.name === "stopped") return <>Stopped</>;
  if (chat.isBlocked) return <>Blocked</>;
  if (chat.request === "incoming") return <>Wants to write to you</>;
  if (access.value.name === "locked") return <>Needs the passphrase</>;
  if (isPeerTyping.value) return <>typing…</>;
  if (draft.value.trim() !== "" && !isCurrent) {
    return (
      <>
        Draft: <bdi>{draft.value}</bdi>
      </>
    );
  }
  return last.value === undefined ? null : <Last line={last.value} />;
}

function Last({ line: { content, isOwn } }: { line: Line }) {
  const text =
    content.kind === "text" ? content.text : content.kind === "unknown" ? content.fallback : "";
  return (
    <>
      {isOwn && "You: "}
      {text === "" ? "a message that cannot be read here" : <bdi>{text}</bdi>}
    </>
  );
}

function Time({ home, chat }: { home: Home; chat: ChatState }) {
  const at = home.conversation(chat.chat_id).lastAt.value;
  if (at === undefined) return null;
  return (
    <time class="when" dateTime={new Date(at * 1000).toISOString()}>
      {timeOrDateOf(at)}
    </time>
  );
}

/** Shows whether the peer is online, or nothing if that is unknown. */
export function Presence({ chat: { isPeerOnline } }: { chat: ChatState }) {
  if (isPeerOnline === undefined) return null;
  return (
    <span class={isPeerOnline ? "presence online" : "presence"}>
      {isPeerOnline ? "online" : "offline"}
    </span>
  );
}
