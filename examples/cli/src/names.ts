import type { Account, ReadMessage } from "lacre-client";
import { printable } from "./printable.js";

const WHY_UNREADABLE = {
  locked: "its chat was not opened here",
  tampered: "it was not written with this chat's key by whom the server names, or was changed",
  newer: "it needs a newer version of this program",
} as const;

/** What a message says to a person: its text, or why there is none. */
export function textOf({ content }: ReadMessage): string {
  switch (content.kind) {
    case "text":
      return content.text;
    case "unknown":
      return content.fallback || "(something that this version cannot show)";
    case "unreadable":
      return `(unreadable: ${WHY_UNREADABLE[content.reason]})`;
  }
}

/** Who wrote a message of a chat. */
export function senderOf({ isOwn }: ReadMessage, account: Account, peerName: string): string {
  return isOwn ? account.username : peerName;
}

/** A message on a line of its own, or more where it has more. */
export function lineOf(message: ReadMessage, from: string): string {
  const time = new Date(message.timestamp * 1000).toTimeString().slice(0, 5);
  const text = textOf(message).split("\n").map(printable).join("\n      ");
  return `${time} ${printable(from)}: ${text}`;
}

/** A message as scripts read it. */
export function recordOf(message: ReadMessage, from: string): Record<string, unknown> {
  const { chat_id, seq, client_id, sender_id, timestamp, content } = message;
  const record = { chat_id, seq, client_id, sender_id, from, timestamp };
  if (content.kind === "unreadable") return { ...record, unreadable: content.reason };
  return { ...record, text: content.kind === "text" ? content.text : content.fallback };
}
