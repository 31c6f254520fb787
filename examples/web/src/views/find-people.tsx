import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Home } from "../model/home.js";
import { beginAddress, chatAddress } from "../model/route.js";
import { Avatar } from "./parts.js";

/** Delay after the last key before the search request, in milliseconds. */
const SEARCH_DELAY = 250;

interface FoundUser {
  readonly user_id: number;
  readonly username: string;
}

export function FindPeople({ home }: { home: Home }) {
  const query = useSignal("");
  const found = useSignal<readonly FoundUser[] | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const find = (text: string) => {
    query.value = text;
    clearTimeout(timer.current);
    if (text === "") {
      found.value = undefined;
      return;
    }
    timer.current = setTimeout(() => {
      void home.notices.attempt(async () => {
        const { users } = await home.account.api.searchUsers(text);
        // The user may have changed the query meanwhile.
        if (query.value === text) {
          found.value = users.filter(({ user_id }) => user_id !== home.account.user_id);
        }
      });
    }, SEARCH_DELAY);
  };

  return (
    <search class="find">
      <label class="hidden" for="find">
        Find people by username
      </label>
      <input
        id="find"
        type="search"
        placeholder="Find people…"
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        maxLength={50}
        value={query.value}
        onInput={({ currentTarget }) => find(currentTarget.value.trim())}
        onKeyDown={({ key }) => key === "Escape" && find("")}
      />
      <p class={found.value === undefined ? "hidden" : "hint"} role="status">
        {found.value !== undefined && resultText(found.value.length)}
      </p>
      <ul class="chats people">
        {found.value?.map(({ user_id, username }) => {
          const chat = home.chatWith(username);
          return (
            <li key={user_id}>
              <a
                href={chat === undefined ? beginAddress(username) : chatAddress(chat.chat_id)}
                onClick={() => find("")}
              >
                <Avatar id={user_id} name={username} />
                <span class="about">
                  <bdi class="name">{username}</bdi>
                  <span class="state">{chat === undefined ? "Begin a chat" : "Open the chat"}</span>
                </span>
              </a>
            </li>
          );
        })}
      </ul>
    </search>
  );
}

function resultText(count: number): string {
  if (count === 0) return "No name begins like this.";
  return count === 1 ? "1 person" : `${count} people`;
}
