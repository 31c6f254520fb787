import type { ReadMessage } from "lacre/client";
import type { MlsMessage } from "lacre/client/mls";
import type { UnreadableReason } from "lacre/mls";
import type { GroupTitle } from "./group-title.js";

/** A message of a group, as clients get it. */
export type GroupMessage = ReadMessage<MlsMessage<typeof GroupTitle>>;

/** A line of a group: a text of a member, or a note about the group. */
export interface GroupLine {
  /** The same for a message before and after the server has acknowledged it. */
  readonly key: string;
  readonly seq: number | undefined;
  readonly sender_id: number;
  readonly isOwn: boolean;
  /** Unix time in seconds. */
  readonly timestamp: number;
  readonly kind: "text" | "note" | "unreadable";
  readonly text: string;
}

const REASONS: Readonly<Record<UnreadableReason, string>> = {
  too_old: "it was written before this device was in the group, or too long ago",
  unknown_epoch: "this device missed a change of the group, and joins again",
  wrong_header: "the server changed it",
  repeated: "it was read before",
  not_decryptable: "it is damaged, or this device wrote it and has lost its text",
  malformed: "it was written by a faulty program",
};

/** Returns the line of a message, with the names of users. */
export function groupLine(message: GroupMessage, nameOf: (userId: number) => string): GroupLine {
  const { seq, client_id, sender_id, isOwn, timestamp } = message;
  const key = client_id ?? String(seq);
  const described = describe(message, nameOf);
  return { key, seq, sender_id, isOwn, timestamp, ...described };
}

function describe(
  { content, sender_id }: GroupMessage,
  nameOf: (userId: number) => string,
): Pick<GroupLine, "kind" | "text"> {
  const names = (ids: readonly number[]) => ids.map(nameOf).join(", ");
  switch (content?.kind) {
    case "content": {
      const { content: body, isRemoved } = content;
      const late = isRemoved ? " (from a device that was removed)" : "";
      if (body.kind === "text") return { kind: "text", text: body.text + late };
      if (body.kind === "title")
        return { kind: "note", text: `${nameOf(sender_id)} named the group ${body.title}` };
      return { kind: "text", text: (body.fallback || "a message of a newer version") + late };
    }
    case "roster": {
      const { by, joined, left, added, removed } = content;
      const who = nameOf(by.user_id);
      const changes = [
        joined.length > 0 && `${who} added ${names(joined)}`,
        left.length > 0 && `${names(left)} left the group`,
        joined.length === 0 && added.length > 0 && `a device of ${names(usersOf(added))} joined`,
        left.length === 0 &&
          removed.length > 0 &&
          `a device of ${names(usersOf(removed))} was removed`,
      ].filter((change) => change !== false);
      return { kind: "note", text: changes.join("; ") || `${who} renewed the keys` };
    }
    case "leaving":
      return { kind: "note", text: `${nameOf(content.user_id)} leaves the group` };
    case "removed":
      return {
        kind: "note",
        text: `${nameOf(content.by.user_id)} removed this device from the group`,
      };
    case "fork":
      return {
        kind: "unreadable",
        text: `Stopped: the server shows two lists of the devices of ${nameOf(content.user_id)}. It may try to read this group. Ask ${nameOf(content.user_id)} in person.`,
      };
    case "log_needed":
      return {
        kind: "unreadable",
        text: `a change of the group cannot be checked: the server does not show the devices of ${names(content.user_ids)}`,
      };
    case "unreadable":
      return { kind: "unreadable", text: `a message cannot be read: ${REASONS[content.reason]}` };
    default:
      return { kind: "unreadable", text: "a message cannot be read" };
  }
}

function usersOf(devices: readonly { readonly user_id: number }[]): number[] {
  return [...new Set(devices.map(({ user_id }) => user_id))];
}
