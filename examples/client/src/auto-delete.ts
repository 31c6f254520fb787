import type { ChatMessage, ChatSummary } from "lacre";

/** A change of a chat's auto-delete setting: the member who made it, the time, and the chat's last seq at that time. */
export type AutoDeleteChange = NonNullable<ChatSummary["auto_delete_change"]>;

/**
 * Returns the Unix time in seconds at which the server stored a message. Messages that an earlier version of this client has
 * stored lack this time. For these, returns the sender's timestamp.
 */
export function storedAt({
  stored_at,
  timestamp,
}: Pick<ChatMessage, "timestamp"> & { readonly stored_at?: number | undefined }): number {
  return stored_at ?? timestamp;
}

/** Formats a number of hours in words, such as `1 day`. */
export function durationOf(hours: number): string {
  for (const [unit, size] of [
    ["week", 168],
    ["day", 24],
  ] as const) {
    if (hours % size === 0) return counted(hours / size, unit);
  }
  return counted(hours, "hour");
}

/** Describes a change of the setting. The text follows the name of the member in a sentence. */
export function describeAutoDelete(hours: number): string {
  return hours === 0
    ? "turned off disappearing messages"
    : `set messages to disappear after ${durationOf(hours)}`;
}

/** Describes in one sentence how many messages a change would delete. */
export function describeExpiring(
  { count, has_more }: { readonly count: number; readonly has_more: boolean },
  hours: number,
): string {
  const messages = `${has_more ? "More than " : ""}${counted(count, "message")}`;
  return `${messages} older than ${durationOf(hours)} will be deleted for both of you.`;
}

function counted(count: number, unit: string): string {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : "s"}`;
}
