import { type GroupLine, type GroupMessage, groupLine } from "lacre-client/groups";
import { printable, printableLines } from "../printable.js";
import type { GroupBook } from "./group-book.js";

/** Returns the line of a message. All of it but the text of a member is safe for a terminal. */
export function lineOf(message: GroupMessage, book: GroupBook): GroupLine {
  return groupLine(message, (userId) => printable(book.userName(userId)), printable);
}

/** Formats a line that can be read: a text with its time and sender, or what changed in the group. */
export function formatLine({ timestamp, kind, sender, text }: GroupLine): string {
  const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
  if (kind !== "text") return `${time} ${text}`;
  return `${time} ${sender}: ${printableLines(text).join("\n      ")}`;
}

/** Returns a line about messages in a row that cannot be read for the same reason. */
export function unreadableLine(count: number, reason: string): string {
  const what = count === 1 ? "1 unreadable message" : `${count} unreadable messages`;
  return `  (${what}: ${reason})`;
}

/** Returns the code of why a message cannot be read, for scripts; undefined if it can. */
function whyUnreadable({ content, unreadable }: GroupMessage): string | undefined {
  if (unreadable !== undefined) return "failed";
  if (content.kind === "log_needed") return "no_log";
  return content.kind === "unreadable" ? content.reason : undefined;
}

/** Returns a message as the record that scripts read. */
export function recordOf(message: GroupMessage, book: GroupBook): Record<string, unknown> {
  const { chat_id, seq, client_id, sender_id, timestamp, content } = message;
  const common = { chat_id, group: book.nameOf(chat_id), seq, timestamp };
  const unreadable = whyUnreadable(message);
  const sent = { client_id, sender_id, from: book.userName(sender_id) };
  if (unreadable !== undefined) return { event: "message", ...common, ...sent, unreadable };
  switch (content!.kind) {
    case "content": {
      const { content: body, sender, isRemoved } = content!;
      const fields = { ...common, ...sent, device: sender.device };
      if (body.kind === "title") return { event: "title", ...fields, title: body.title };
      const text = body.kind === "text" ? body.text : body.fallback;
      return { event: "message", ...fields, text, ...(isRemoved && { is_removed: true }) };
    }
    case "roster": {
      const { by, joined, left, added, removed } = content!;
      const names = (ids: readonly number[]) => ids.map((id) => book.userName(id));
      return {
        ...{ event: "roster", ...common, by: book.userName(by.user_id) },
        ...{ joined: names(joined), left: names(left), added, removed },
      };
    }
    default:
      return { event: content!.kind, ...common, ...sent };
  }
}
