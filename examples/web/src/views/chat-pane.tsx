import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { UnsentText } from "../model/conversation.js";
import type { Home } from "../model/home.js";
import { Presence } from "./chat-list.js";
import { ChatSettings } from "./chat-settings.js";
import { Composer } from "./composer.js";
import { Contact } from "./contact.js";
import { Avatar, BackLink, Unsent } from "./parts.js";
import { StartOver, Unanswered, UnlockChat } from "./passphrase.js";
import { Timeline } from "./timeline.js";

export function ChatPane({ home, chatId }: { home: Home; chatId: number }) {
  const settings = useRef<HTMLDialogElement>(null);
  const showsCiphertext = useSignal(false);
  const startsOver = useSignal(false);
  const chat = home.chat(chatId);
  if (chat === undefined) {
    return (
      <div class="nothing">
        <h2>There is no such chat</h2>
        <a href="#/">Back to the chats</a>
      </div>
    );
  }
  const { access, draft, failedTexts, isPeerTyping } = home.conversation(chatId);
  const isOpen = access.value.name === "open";
  return (
    <>
      <PaneHead name={chat.peer_name} avatar={chat.peer_id}>
        <p class="state">
          {isPeerTyping.value ? <span class="typing">typing…</span> : <Presence chat={chat} />}
          {chat.auto_delete_hours > 0 && <span>messages disappear</span>}
        </p>
        {isOpen && (
          <>
            <button
              type="button"
              class="toggle"
              aria-pressed={showsCiphertext.value}
              title="What the server sees"
              onClick={() => {
                showsCiphertext.value = !showsCiphertext.value;
              }}
            >
              <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
                <path d="M1.5 10S4.5 4.5 10 4.5 18.5 10 18.5 10 15.5 15.5 10 15.5 1.5 10 1.5 10z" />
                <circle cx="10" cy="10" r="2.5" />
              </svg>
              <span>What the server sees</span>
            </button>
            <button
              type="button"
              class="icon"
              aria-haspopup="dialog"
              aria-label="Settings of this chat"
              title="Settings of this chat"
              onClick={() => settings.current?.showModal()}
            >
              <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
                <path d="M3 6h8m4 0h2M3 14h2m4 0h8M13 4v4M7 12v4" />
              </svg>
            </button>
          </>
        )}
      </PaneHead>
      <Contact home={home} chat={chat} />
      {access.value.name === "locked" && <UnlockChat home={home} chat={chat} />}
      {access.value.name === "stopped" && (
        <Stopped reason={access.value.reason} unsent={failedTexts.value} />
      )}
      {isOpen && startsOver.value && (
        <StartOver home={home} chat={chat} close={() => (startsOver.value = false)} />
      )}
      {isOpen && !startsOver.value && (
        <>
          <Unanswered home={home} chat={chat} startOver={() => (startsOver.value = true)} />
          {showsCiphertext.value && !home.hasBanner.value && (
            <p class="banner bare" role="status">
              All that the server has: sender, receiver, time and approximate size.
            </p>
          )}
          <Timeline home={home} chat={chat} showsCiphertext={showsCiphertext.value} />
          {!chat.isBlocked && (
            <Composer
              to={chat.peer_name}
              draft={draft}
              send={(text) => home.send(chatId, text)}
              onTyping={() => home.sendTyping(chatId)}
            />
          )}
          <ChatSettings home={home} chat={chat} dialog={settings} />
        </>
      )}
    </>
  );
}

interface PaneHeadProps {
  readonly name: string;
  readonly avatar: number;
  /** The list to which the link back leads. */
  readonly list?: "chats" | "groups";
  readonly children?: ComponentChildren;
}

/** Head of a chat or a group. Takes the focus when the user opens the chat, so that a screen reader starts there. */
export function PaneHead({ name, avatar, list = "chats", children }: PaneHeadProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useLayoutEffect(() => heading.current?.focus(), []);
  return (
    <header class="pane-head">
      <BackLink to={list} />
      <Avatar id={avatar} name={name} />
      <h2 ref={heading} tabIndex={-1}>
        <bdi>{name}</bdi>
      </h2>
      {children}
    </header>
  );
}

function Stopped({ reason, unsent }: { reason: string; unsent: readonly UnsentText[] }) {
  return (
    <div class="nothing stopped" role="alert">
      <h3>This chat is stopped</h3>
      <p>{reason}.</p>
      <p>
        Nothing is sent or shown here any more, because the server may be trying to read your
        messages.
      </p>
      <Unsent texts={unsent} />
    </div>
  );
}
