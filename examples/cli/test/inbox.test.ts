import type { ChatMessage } from "lacre";
import { expect, it } from "vitest";
import { Inbox } from "../src/inbox.js";

const message = (seq: number): ChatMessage => ({
  chat_id: 1,
  sender_id: 2,
  content: new Uint8Array(16),
  nonce: new Uint8Array(12),
  timestamp: 1,
  seq,
});

/** An inbox before a server that holds these seqs, in pages of two. */
function inboxBefore(stored: number[], cursor = 0) {
  const delivered: number[] = [];
  const asked: number[] = [];
  const lastSeq = Math.max(0, ...stored);
  const inbox = new Inbox(
    cursor,
    async (after) => {
      asked.push(after);
      const page = stored.filter((seq) => seq > after).slice(0, 2);
      const through = page.at(-1) ?? lastSeq;
      return { messages: page.map(message), has_more: through < lastSeq, through };
    },
    async (_, seq) => void delivered.push(seq),
  );
  return { inbox, delivered, asked };
}

it("hands over in order what comes in order, and asks nothing", async () => {
  const { inbox, delivered, asked } = inboxBefore([]);
  for (const seq of [1, 2, 3]) await inbox.take(seq, message(seq));
  expect(delivered).toEqual([1, 2, 3]);
  expect(asked).toEqual([]);
});

it("hands over once what comes twice", async () => {
  const { inbox, delivered } = inboxBefore([]);
  for (const seq of [1, 1, 2, 1, 2]) await inbox.take(seq, message(seq));
  expect(delivered).toEqual([1, 2]);
});

it("fetches what is missing before it goes on", async () => {
  const { inbox, delivered, asked } = inboxBefore([1, 2, 3, 4, 5]);
  await inbox.take(1, message(1));
  await inbox.take(4, message(4));
  expect(delivered).toEqual([1, 2, 3, 4, 5]);
  expect(asked[0]).toBe(1);
});

it("takes its own messages for granted", async () => {
  const { inbox, delivered } = inboxBefore([]);
  await inbox.take(1);
  await inbox.take(2, message(2));
  expect(delivered).toEqual([2]);
});

it("catches up from its cursor, page by page, over seqs that do not exist any more", async () => {
  const { inbox, delivered } = inboxBefore([1, 2, 3, 6, 7, 9], 2);
  await inbox.catchUp();
  expect(delivered).toEqual([3, 6, 7, 9]);
  expect(inbox.cursor).toBe(9);
});

it("does not ask for ever a server that promises and does not give", async () => {
  const page = { messages: [], has_more: true, through: 0 };
  const inbox = new Inbox(
    0,
    async () => page,
    async () => {},
  );
  await expect(inbox.catchUp()).rejects.toThrow("does not give them");
});
