import type { ChatState } from "lacre-client";
import type { Home } from "../model/home.js";
import { chatAddress, route } from "../model/route.js";
import { Avatar } from "./parts.js";

export function ChatList({ home }: { home: Home }) {
  const current = route.value;
  return (
    <ul class="chats">
      {home.chats.value.map((chat) => (
        <li key={chat.chat_id}>
          <a
            href={chatAddress(chat.chat_id)}
            aria-current={
              current.name === "chat" && current.chatId === chat.chat_id ? "page" : undefined
            }
          >
            <Avatar id={chat.peer_id} name={chat.peer_name} />
            <span class="about">
              <bdi class="name">{chat.peer_name}</bdi>
              <span class="state">
                <State home={home} chat={chat} />
              </span>
            </span>
            {chat.unread > 0 && (
              <span class="unread">
                {chat.unread}
                <span class="hidden"> unread</span>
              </span>
            )}
          </a>
        </li>
      ))}
    </ul>
  );
}

function State({ home, chat }: { home: Home; chat: ChatState }) {
  const { access, isPeerTyping } = home.conversation(chat.chat_id);
  if (access.value.name === "stopped") return <>Stopped</>;
  if (access.value.name === "locked") return <>Needs the passphrase</>;
  if (isPeerTyping.value) return <>typing…</>;
  return <Presence chat={chat} />;
}

/** Whether somebody is there; nothing where that is not known. */
export function Presence({ chat: { isPeerOnline } }: { chat: ChatState }) {
  if (isPeerOnline === undefined) return null;
  return (
    <span class={isPeerOnline ? "presence online" : "presence"}>
      {isPeerOnline ? "online" : "offline"}
    </span>
  );
}
