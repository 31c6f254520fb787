import { type ChatState, describeAutoDelete } from "lacre-client";
import type { Line } from "../model/conversation.js";
import type { Home } from "../model/home.js";
import { timeOf } from "./days.js";

/** Line in a chat that shows the last change of its auto-delete setting, and which member made it. */
export function AutoDeleteChange({ home, chat }: { home: Home; chat: ChatState }) {
  const { auto_delete_change: change, auto_delete_hours, peer_name } = chat;
  if (change === undefined) return null;
  const name = change.user_id === home.account.user_id ? home.account.username : peer_name;
  return (
    <li class="change">
      <bdi>{name}</bdi> {describeAutoDelete(auto_delete_hours)}{" "}
      <time dateTime={new Date(change.changed_at * 1000).toISOString()}>
        {timeOf(change.changed_at)}
      </time>
    </li>
  );
}

/** Returns the first line after the change, or undefined if no line is or if the change is before all of `lines`. */
export function lineAfterChange(
  { auto_delete_change: change }: ChatState,
  lines: readonly Line[],
  isBeginning: boolean,
): Line | undefined {
  if (change === undefined) return undefined;
  const next = lines.find(({ seq = Number.POSITIVE_INFINITY }) => seq > change.after);
  return next === lines[0] && !isBeginning ? undefined : next;
}

/** Whether the change is after all lines. */
export function isChangeLast({ auto_delete_change: change }: ChatState, lines: readonly Line[]) {
  const { seq = Number.POSITIVE_INFINITY } = lines.at(-1) ?? { seq: 0 };
  return change !== undefined && seq <= change.after;
}
