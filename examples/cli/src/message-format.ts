import type { Account, ReadMessage } from "lacre-client";
import { printable } from "./printable.js";

const WHY_UNREADABLE = {
  locked: "its chat was not opened here",
  tampered:
    "it was changed, or not written with this chat's key by the sender that the server names",
  newer: "it needs a newer version of this program",
} as const;

/** Returns the text of a message, or why it cannot be shown. */
export function textOf({ content }: ReadMessage): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "unknown":
      return content.fallback || "(content that this version cannot show)";
    case "unreadable":
      return `(unreadable: ${WHY_UNREADABLE[content.reason]})`;
  }
}

/** Returns the username of a message's sender. */
export function senderOf({ isOwn }: ReadMessage, account: Account, peerName: string): string {
  return isOwn ? account.username : peerName;
}

/** Formats a message with its time and sender. Each further line of its text is indented. */
export function lineOf(message: ReadMessage, from: string): string {
  const time = new Date(message.timestamp * 1000).toTimeString().slice(0, 5);
  const text = textOf(message).split("\n").map(printable).join("\n      ");
  return `${time} ${printable(from)}: ${text}`;
}

/** Returns a message as the record that scripts read. */
export function recordOf(message: ReadMessage, from: string): Record<string, unknown> {
  const { chat_id, seq, client_id, sender_id, timestamp, content } = message;
  const record = { chat_id, seq, client_id, sender_id, from, timestamp };
  if (content.kind === "unreadable") return { ...record, unreadable: content.reason };
  return { ...record, text: content.kind === "text" ? content.text : content.fallback };
}
