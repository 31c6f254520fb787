import { shownUnread } from "lacre-client";
import { useEffect, useRef } from "preact/hooks";
import type { App } from "../model/app.js";
import type { Home } from "../model/home.js";
import { GROUPS_ADDRESS, route } from "../model/route.js";
import { AccountSettings } from "./account-settings.js";
import { Banner } from "./banner.js";
import { ChatList } from "./chat-list.js";
import { ChatPane } from "./chat-pane.js";
import { FindPeople } from "./find-people.js";
import { GroupsOnDemand } from "./groups-on-demand.js";
import { Avatar, Logo } from "./parts.js";
import { BeginChat } from "./passphrase.js";

export function HomePage({ app, home }: { app: App; home: Home }) {
  const settings = useRef<HTMLDialogElement>(null);
  const current = route.value;
  const { user_id, username } = home.account;
  const unread = home.chats.value.reduce((sum, chat) => sum + home.unreadIn(chat), 0);
  useEffect(() => {
    document.title = unread > 0 ? `(${shownUnread(unread)}) Lacre` : "Lacre";
  }, [unread]);

  return (
    <div class={`home ${current.name === "none" ? "at-list" : "at-chat"}`}>
      <Banner home={home} />
      <nav class="side" aria-label="Chats">
        <header class="side-head">
          <Logo />
          <h1>Lacre</h1>
          <button
            type="button"
            class="who"
            aria-haspopup="dialog"
            onClick={() => settings.current?.showModal()}
          >
            <Avatar id={user_id} name={username} />
            <span class="hidden">Account of </span>
            <bdi class="name">{username}</bdi>
          </button>
        </header>
        <FindPeople home={home} />
        <a
          class="groups-link"
          href={GROUPS_ADDRESS}
          aria-current={current.name === "groups" ? "page" : undefined}
        >
          Groups and devices
        </a>
        <ChatList home={home} />
      </nav>
      <main class="pane">
        {current.name === "none" && <NoChat hasChats={home.chats.value.length > 0} />}
        {current.name === "begin" && (
          <BeginChat key={current.peerName} home={home} peerName={current.peerName} />
        )}
        {current.name === "groups" && <GroupsOnDemand home={home} chatId={current.chatId} />}
        {current.name === "chat" && (
          <ChatPane key={current.chatId} home={home} chatId={current.chatId} />
        )}
      </main>
      <p class="hidden" aria-live="polite">
        {home.announcement.value}
      </p>
      <AccountSettings app={app} home={home} dialog={settings} />
    </div>
  );
}

function NoChat({ hasChats }: { hasChats: boolean }) {
  return (
    <div class="nothing">
      <Logo size={88} />
      <h2>{hasChats ? "No chat is open" : "No chats yet"}</h2>
      <p>
        {hasChats
          ? "Choose one from the list."
          : "Find a person by their username to begin a chat."}{" "}
        What you write is encrypted here, with a passphrase that the server never gets.
      </p>
    </div>
  );
}
