import {
  AppendQueries,
  type MessageToAppend,
  type ReadForBatch,
} from "../../../src/database/append-queries.js";
import type { Chat } from "../../../src/database/members.js";
import type { Fault } from "./fault.js";

/** Changes what the server reads before it decides about messages and commits. */
export function reading(
  change: (read: ReadForBatch, messages: readonly MessageToAppend[]) => ReadForBatch,
): NonNullable<Fault["methods"]>[number] {
  return [
    AppendQueries.prototype,
    "read",
    (read) =>
      async function (this: AppendQueries, messages: readonly MessageToAppend[]) {
        return change(await read.call(this, messages), messages);
      },
  ];
}

/** Changes each chat that the server reads. */
export function readingChats(change: (chat: Chat) => Chat): ReturnType<typeof reading> {
  return reading(({ chats, facts }) => ({
    chats: new Map([...chats].map(([id, chat]) => [id, change(chat)])),
    facts,
  }));
}
