import type { GroupChats, GroupMessage } from "./group-types.js";

/** Minimum and maximum time until a device repeats a name that another one should have repeated, in milliseconds. */
const REPEAT_AFTER = [1000, 4000] as const;

/** What a device knows of the name of a group. */
export interface KnownTitle {
  readonly title?: string | undefined;
  /** Seq of the message with the title; 0 if it was not received. */
  readonly titledAt: number;
  /** Seq of the last commit that added devices. They have not received an earlier title. */
  readonly addedAt: number;
}

export const NO_TITLE: KnownTitle = { titledAt: 0, addedAt: 0 };

/** Returns what is known after a message. Messages may come in any order. Returns `known` if the message changes nothing. */
export function titleAfter<Known extends KnownTitle>(
  known: Known,
  { seq = 0, content }: GroupMessage,
): Known {
  if (content?.kind === "content" && content.content.kind === "title" && seq > known.titledAt)
    return { ...known, title: content.content.title, titledAt: seq };
  const isAdding = content?.kind === "roster" && content.added.length > 0;
  return isAdding && seq > known.addedAt ? { ...known, addedAt: seq } : known;
}

/** Whether members have not received the name of a group. */
export function needsTitle({ title, titledAt, addedAt }: KnownTitle): boolean {
  return title !== undefined && (titledAt === 0 || titledAt < addedAt);
}

/** Returns the name that this device should send to a group now, because members do not have it and it is not on its way. */
export async function titleToSend(
  mls: GroupChats,
  chatId: number,
  known: KnownTitle,
): Promise<string | undefined> {
  if (!needsTitle(known) || !mls.get(chatId)?.isActive) return undefined;
  const unsent = await mls.unsent();
  const isOnWay = unsent.some(
    ({ chat_id, content }) => chat_id === chatId && content.kind === "title",
  );
  return isOnWay ? undefined : known.title;
}

/**
 * Returns after how many milliseconds to call `titleToSend`; undefined if a message adds no device. The device that added others is
 * the first. Another one sends the name if that device does not.
 */
export function titleDelay({ content }: GroupMessage, device?: string): number | undefined {
  if (content?.kind !== "roster" || content.added.length === 0) return undefined;
  const isNew = content.added.some((one) => one.device === device);
  if (content.by.device === device && !isNew) return 0;
  const [least, most] = REPEAT_AFTER;
  return least + Math.random() * (most - least);
}

/** Returns a filter for the messages of a group in their order, which leaves out those that repeat the group's name. */
export function withoutRepeatedTitles(): (message: GroupMessage) => boolean {
  let title: string | undefined;
  return ({ content }) => {
    if (content?.kind !== "content" || content.content.kind !== "title") return true;
    const before = title;
    title = content.content.title;
    return title !== before;
  };
}
