import type { UnreadableReason } from "lacre/mls";
import type { GroupMessage } from "./group-types.js";

/** A line of a group: a text of a member, a note about the group, or the reason why a message cannot be read. */
export interface GroupLine {
  /** The same for a message before and after the server has acknowledged it. */
  readonly key: string;
  readonly seq: number | undefined;
  /** Name of the sender. */
  readonly sender: string;
  /** Whether it is of this user, by a device that is in the group. */
  readonly isOwn: boolean;
  /** Unix time in seconds. */
  readonly timestamp: number;
  readonly kind: "text" | "note" | "unreadable";
  readonly text: string;
}

const WHY_UNREADABLE: Readonly<Record<UnreadableReason, string>> = {
  too_old: "written before this device was in the group, or too long ago",
  unknown_epoch: "this device missed a change of the group, and joins again",
  wrong_header: "changed on the way: the server or its network is not honest",
  repeated: "a copy of an earlier one",
  not_decryptable: "damaged, or written by this device, which has lost its text",
  malformed: "written by a faulty program",
};

/**
 * Returns the line of a message.
 *
 * @param nameOf - Returns the name of a user, as it is shown.
 * @param titleOf - Returns the name of a group as it is shown.
 */
export function groupLine(
  message: GroupMessage,
  nameOf: (userId: number) => string,
  titleOf = (title: string) => title,
): GroupLine {
  const { seq, client_id, sender_id, isOwn, timestamp, content } = message;
  const name = nameOf(sender_id);
  const line = { key: client_id ?? String(seq), seq, sender: name, isOwn, timestamp };
  const note = (text: string) => ({ ...line, kind: "note" as const, text });
  const unreadable = (text: string) => ({ ...line, kind: "unreadable" as const, text });
  switch (content?.kind) {
    case "content": {
      const { content: body, isRemoved } = content;
      if (body.kind === "title") return note(`${name} named the group ${titleOf(body.title)}`);
      const text =
        body.kind === "text" ? body.text : body.fallback || "(written with a newer version)";
      const sender = `${name} (from a device that was removed)`;
      return { ...line, ...(isRemoved && { sender, isOwn: false }), kind: "text", text };
    }
    case "roster":
      return note(rosterChanges(content, nameOf).join("; ") || `${name} renewed the keys`);
    case "leaving":
      return note(`${nameOf(content.user_id)} leaves the group`);
    case "removed":
      return note(`${nameOf(content.by.user_id)} removed this device from the group`);
    case "fork": {
      const user = nameOf(content.user_id);
      return note(
        `Stopped: the server shows two lists of the devices of ${user}. It may try to read this group. Ask ${user} in person, and verify ${user} again.`,
      );
    }
    case "log_needed":
      return unreadable(
        `the server does not show the devices of ${content.user_ids.map(nameOf).join(", ")}`,
      );
    case "unreadable":
      return unreadable(WHY_UNREADABLE[content.reason]);
    default:
      return unreadable("it could not be decrypted here");
  }
}

function rosterChanges(
  {
    by,
    joined,
    left,
    added,
    removed,
  }: Extract<GroupMessage["content"], { readonly kind: "roster" }>,
  nameOf: (userId: number) => string,
): string[] {
  return [
    ...(joined.length > 0 ? [`${nameOf(by.user_id)} added ${joined.map(nameOf).join(", ")}`] : []),
    ...left.map((userId) => `${nameOf(userId)} is no longer in the group`),
    ...added
      .filter(({ user_id }) => !joined.includes(user_id))
      .map(
        ({ user_id, device }) => `a new device of ${nameOf(user_id)} is in the group: ${device}`,
      ),
    ...removed
      .filter(({ user_id }) => !left.includes(user_id))
      .map(({ user_id, device }) => `a device of ${nameOf(user_id)} was removed: ${device}`),
  ];
}
