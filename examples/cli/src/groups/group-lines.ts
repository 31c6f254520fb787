import type { MlsMessage } from "lacre/client/mls";
import type { GroupTitle } from "lacre-client/groups";
import { printable } from "../printable.js";
import type { GroupBook } from "./group-book.js";
import type { GroupMessage } from "./title.js";

type Roster = Extract<MlsMessage<typeof GroupTitle>, { kind: "roster" }>;

const WHY_UNREADABLE: Readonly<Record<string, string>> = {
  too_old: "written before this device was in the group",
  unknown_epoch: "a change of the group is missing here",
  wrong_header: "changed on the way: the server or its network is not honest",
  repeated: "a copy of an earlier one",
  not_decryptable: "not encrypted for this device, or changed",
  malformed: "not written as this program does",
  no_log: "the server does not show the devices of a member",
  failed: "it could not be decrypted here",
};

/** Returns a reason why a message cannot be read; undefined if it can. */
export function whyUnreadable({ content, unreadable }: GroupMessage): string | undefined {
  if (unreadable !== undefined) return "failed";
  if (content.kind === "log_needed") return "no_log";
  return content.kind === "unreadable" ? content.reason : undefined;
}

/** Returns a line about messages in a row that cannot be read for the same reason. */
export function unreadableLine(count: number, reason: string): string {
  const what = count === 1 ? "1 unreadable message" : `${count} unreadable messages`;
  return `  (${what}: ${WHY_UNREADABLE[reason] ?? reason})`;
}

/** Formats a message that can be read as lines: a text with its time and sender, or what changed in the group. */
export function linesOf(
  { content, timestamp, sender_id }: GroupMessage,
  book: GroupBook,
): string[] {
  const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
  const name = (userId: number) => printable(book.userName(userId));
  switch (content?.kind) {
    case "content": {
      const { content: body, sender, isRemoved } = content;
      const from = name(sender.user_id);
      if (body.kind === "title")
        return [`${time} ${from} named the group ${printable(body.title)}`];
      const written =
        body.kind === "text"
          ? body.text
          : body.fallback || "(content that this version cannot show)";
      const text = written.split("\n").map(printable).join("\n      ");
      const mark = isRemoved ? " (from a device that was removed)" : "";
      return [`${time} ${from}${mark}: ${text}`];
    }
    case "roster":
      return rosterLines(content, name).map((line) => `${time} ${line}`);
    case "leaving":
      return [`${time} ${name(content.user_id)} leaves the group`];
    case "removed":
      return [`${time} ${name(content.by.user_id)} removed this device from the group`];
    case "fork":
      return [
        `${time} ${name(sender_id)} was shown other devices of ${name(content.user_id)}: the group is stopped`,
      ];
    default:
      return [];
  }
}

function rosterLines(
  { by, joined, left, added, removed }: Roster,
  name: (userId: number) => string,
): string[] {
  const actor = name(by.user_id);
  const isNew = (userId: number) => !joined.includes(userId);
  const isStill = (userId: number) => !left.includes(userId);
  return [
    ...joined.map((userId) => `${actor} added ${name(userId)}`),
    ...left.map((userId) => `${name(userId)} is no longer in the group`),
    ...added
      .filter(({ user_id }) => isNew(user_id))
      .map(({ user_id, device }) => `a new device of ${name(user_id)} is in the group: ${device}`),
    ...removed
      .filter(({ user_id }) => isStill(user_id))
      .map(({ user_id, device }) => `a device of ${name(user_id)} was removed: ${device}`),
  ];
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
      const {
        content: body,
        sender,
        isRemoved,
      } = content as Extract<typeof content, { kind: "content" }>;
      const fields = { ...common, ...sent, device: sender.device };
      if (body.kind === "title") return { event: "title", ...fields, title: body.title };
      const text = body.kind === "text" ? body.text : body.fallback;
      return { event: "message", ...fields, text, ...(isRemoved && { is_removed: true }) };
    }
    case "roster": {
      const { by, joined, left, added, removed } = content as Roster;
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
