import type { ChatState } from "lacre-client";
import type { RefObject } from "preact";
import type { Home } from "../model/home.js";
import { Dialog } from "./dialog.js";

const CHOICES: readonly (readonly [hours: number, name: string])[] = [
  [0, "Never"],
  [1, "After 1 hour"],
  [24, "After 1 day"],
  [7 * 24, "After 1 week"],
  [30 * 24, "After 30 days"],
];

interface ChatSettingsProps {
  readonly home: Home;
  readonly chat: ChatState;
  readonly dialog: RefObject<HTMLDialogElement | null>;
}

export function ChatSettings({ home, chat, dialog }: ChatSettingsProps) {
  const { chat_id, auto_delete_hours } = chat;
  const isListed = CHOICES.some(([hours]) => hours === auto_delete_hours);
  const own = [auto_delete_hours, `After ${auto_delete_hours} hours`] as const;
  return (
    <Dialog title="Settings of this chat" id="chat-settings" dialog={dialog}>
      <label>
        Messages disappear
        <select
          value={auto_delete_hours}
          onChange={({ currentTarget }) => void home.keepFor(chat_id, Number(currentTarget.value))}
        >
          {[...CHOICES, ...(isListed ? [] : [own])].map(([hours, name]) => (
            <option key={hours} value={hours}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p class="hint">
        For both of you, those that are there included: the server deletes them, and your devices
        do. Who has copied one keeps the copy.
      </p>
    </Dialog>
  );
}
