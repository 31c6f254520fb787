import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messageIn } from "../../server/test/support.js";
import { ChatBook } from "../src/chat-book.js";
import { describeAutoDelete, describeExpiring, storesInMemory } from "../src/index.js";
import { deliveriesInFiles } from "../src/node/delivery-files.js";
import type { DeliveryStore } from "../src/stores.js";

const NOW = 1_800_000_000;
const DAY = 86_400;

async function expectExpiryByStoredAt(deliveries: DeliveryStore): Promise<void> {
  const slow = messageIn(1, 2, { seq: 1, timestamp: NOW - 3 * DAY, stored_at: NOW });
  const fast = messageIn(1, 2, { seq: 2, timestamp: NOW + 3 * DAY, stored_at: NOW - 2 * DAY });
  const exact = messageIn(1, 2, { seq: 3, timestamp: NOW, stored_at: NOW - DAY });
  const unknown = messageIn(1, 2, { seq: 4, timestamp: NOW - 2 * DAY });
  await deliveries.moveCursor(1, { from: 0, to: 4 }, [slow, fast, exact, unknown]);
  await deliveries.expire(1, NOW - DAY);
  const kept = await deliveries.messages(1, { before: 9, limit: 9 });
  expect(kept.map(({ seq }) => seq)).toEqual([1]);
}

describe("kept messages", () => {
  it("expire by when the server stored them, in memory", () =>
    expectExpiryByStoredAt(storesInMemory().deliveries));

  it("expire by when the server stored them, in files", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lacre-expiry-test-"));
    await expectExpiryByStoredAt(deliveriesInFiles(folder, { keepHistory: true }));
    rmSync(folder, { recursive: true });
  });
});

describe("a chat book", () => {
  const listed = {
    ...{ chat_id: 1, peer_id: 2, peer_name: "bob", encryption_type: "-" },
    ...{ last_seq: 3, unread: 0 },
  };
  const change = { user_id: 2, changed_at: NOW, after: 3 };

  it("returns a change of the setting once, and no change from before the first list", () => {
    const book = new ChatBook(1);
    expect(book.list([{ ...listed, auto_delete_hours: 24, auto_delete_change: change }])).toEqual(
      [],
    );
    const later = { ...change, changed_at: NOW + 1 };
    const summary = { ...listed, auto_delete_hours: 1, auto_delete_change: later };
    const event = { type: "auto_delete", chat_id: 1, auto_delete_hours: 1, change: later };
    expect(book.list([summary])).toEqual([event]);
    expect(book.list([summary])).toEqual([]);
    const off = { ...listed, auto_delete_change: { ...change, changed_at: NOW + 2 } };
    expect(book.list([off])).toMatchObject([{ auto_delete_hours: 0 }]);
  });
});

describe("the description of a setting", () => {
  it.each([
    [0, "turned off disappearing messages"],
    [1, "set messages to disappear after 1 hour"],
    [25, "set messages to disappear after 25 hours"],
    [24, "set messages to disappear after 1 day"],
    [720, "set messages to disappear after 30 days"],
    [168, "set messages to disappear after 1 week"],
  ])("%i hours", (hours, words) => {
    expect(describeAutoDelete(hours)).toBe(words);
  });

  it("says how many messages are deleted", () => {
    const say = (count: number, has_more = false) => describeExpiring({ count, has_more }, 1);
    expect(say(412)).toBe("412 messages older than 1 hour will be deleted for both of you.");
    expect(say(1)).toBe("1 message older than 1 hour will be deleted for both of you.");
    expect(say(10_000, true)).toContain("More than 10,000 messages older");
  });
});
