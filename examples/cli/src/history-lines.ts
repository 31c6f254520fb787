import type { Account, History, HistoryPage, OpenChat } from "lacre-client";
import { type LastChange, lastChange } from "./auto-delete-line.js";
import { lineOf, senderOf } from "./message-format.js";

/** A page of a chat as lines of text. */
export interface HistoryLines {
  readonly lines: readonly string[];
  /** The last change of the chat's auto-delete setting, if it comes after messages that follow the page. */
  readonly changeLater: LastChange | undefined;
}

/** Formats a page of a chat as lines, with the last change of its auto-delete setting at its position. */
export async function historyLines(
  account: Account,
  chat: OpenChat,
  { messages, hasMore }: History,
  { before = Number.POSITIVE_INFINITY }: HistoryPage,
): Promise<HistoryLines> {
  const lines = messages.map((one) => lineOf(one, senderOf(one, account, chat.peer_name)));
  const change = await lastChange(account, chat);
  if (change === undefined) return { lines, changeLater: undefined };
  if (change.after >= before) return { lines, changeLater: change };
  const next = messages.findIndex(({ seq = 0 }) => seq > change.after);
  // If the change comes before all messages of this page, the earlier page shows it.
  const isEarlier = next === 0 && hasMore;
  if (!isEarlier) lines.splice(next === -1 ? lines.length : next, 0, change.line);
  return { lines, changeLater: undefined };
}
