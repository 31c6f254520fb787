import type { ChatMessage, ChatSummary } from "lacre";

/** A change of a chat's auto-delete setting: who made it, and the chat's last seq at that time. */
export type AutoDeleteChange = NonNullable<ChatSummary["auto_delete_change"]>;

/**
 * When the server stored a message, Unix time in seconds. A message that an earlier version of this client kept has no such
 * time: its sender's is all that is known.
 */
export function storedAt({
  stored_at,
  timestamp,
}: Pick<ChatMessage, "timestamp"> & { readonly stored_at?: number | undefined }): number {
  return stored_at ?? timestamp;
}

/** A number of hours in words, such as `1 day`. */
export function durationOf(hours: number): string {
  for (const [unit, size] of [
    ["week", 168],
    ["day", 24],
  ] as const) {
    if (hours % size === 0) return counted(hours / size, unit);
  }
  return counted(hours, "hour");
}

/** What a change did, as the end of a sentence that begins with who made it. */
export function describeAutoDelete(hours: number): string {
  return hours === 0
    ? "turned off disappearing messages"
    : `set messages to disappear after ${durationOf(hours)}`;
}

/** What is about to be deleted, as a sentence. */
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
