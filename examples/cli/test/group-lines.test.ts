import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GroupMessage, needsTitle } from "lacre-client/groups";
import { afterAll, describe, expect, it } from "vitest";
import { GroupBook } from "../src/groups/group-book.js";
import { formatLine, lineOf, recordOf, unreadableLine } from "../src/groups/group-lines.js";

const ALICE = { user_id: 1, device: "a".repeat(32) };
const BOB = { user_id: 2, device: "b".repeat(32) };
const CAROL = { user_id: 3, device: "c".repeat(32) };
const folder = mkdtempSync(join(tmpdir(), "lacre-book-test-"));
afterAll(() => rmSync(folder, { recursive: true }));

function bookOf(name: string): GroupBook {
  const book = new GroupBook(join(folder, name));
  book.addUsers([
    { user_id: 1, username: "alice" },
    { user_id: 2, username: "bob" },
  ]);
  return book;
}

function messageOf(content: GroupMessage["content"], seq = 1): GroupMessage {
  const message = { chat_id: 9, sender_id: 1, isOwn: false, client_id: undefined, seq };
  return { ...message, timestamp: 0, content } as GroupMessage;
}

const text = (written: string) =>
  messageOf({
    ...{ kind: "content", sender: ALICE, isRemoved: false },
    content: { kind: "text", text: written },
  });

const titled = (title: string, seq: number) =>
  messageOf(
    { ...{ kind: "content", sender: ALICE, isRemoved: false }, content: { kind: "title", title } },
    seq,
  );

const roster = (changes: object, seq = 1) =>
  messageOf(
    {
      ...{ kind: "roster", epoch: 1n, by: ALICE, joined: [], left: [], added: [], removed: [] },
      ...changes,
    },
    seq,
  );

describe("lines of a group", () => {
  const book = bookOf("lines");
  const shown = (message: GroupMessage) => formatLine(lineOf(message, book));

  it("contain no control characters of others", () => {
    expect(shown(text("a\u001b[2Jb\nc"))).toMatch(/^\d\d:\d\d alice: a\ufffd\[2Jb\n {6}c$/);
    expect(shown(titled("\u001b]0;x", 1))).toMatch(/named the group \ufffd\]0;x$/);
  });

  it("name new members, and devices of members that came or went", () => {
    const changes = { joined: [3], added: [CAROL, BOB], removed: [ALICE] };
    expect(lineOf(roster(changes), book).text.split("; ")).toEqual([
      "alice added user 3",
      `a new device of bob is in the group: ${BOB.device}`,
      `a device of alice was removed: ${ALICE.device}`,
    ]);
  });

  it("say why messages cannot be read", () => {
    const message = messageOf({ kind: "unreadable", reason: "too_old" });
    expect(unreadableLine(3, lineOf(message, book).text)).toBe(
      "  (3 unreadable messages: written before this device was in the group, or too long ago)",
    );
    expect(recordOf(message, book)).toMatchObject({ event: "message", unreadable: "too_old" });
    expect(recordOf(text("x"), book)).not.toHaveProperty("unreadable");
  });
});

describe("the book of groups", () => {
  it("finds groups by name and by id, also after a restart", () => {
    bookOf("names").note(titled("Trip", 4));
    const book = bookOf("names");
    expect([book.find("Trip"), book.find("#9"), book.find("trip")]).toEqual([9, 9, undefined]);
    book.change(10, { title: "Trip" });
    expect(() => book.find("Trip")).toThrow("use one of #9, #10 instead");
  });

  it("takes the last title, and knows when members lack it", () => {
    const book = bookOf("titles");
    book.note(titled("new", 4));
    book.note(titled("old", 2));
    expect([book.nameOf(9), needsTitle(book.get(9))]).toEqual(["new", false]);
    book.note(roster({ added: [CAROL] }, 5));
    expect(needsTitle(book.get(9))).toBe(true);
    book.note(titled("new", 6));
    expect(needsTitle(book.get(9))).toBe(false);
  });

  it("rejects the name of a known user for another one", () => {
    const book = bookOf("users");
    expect(() => book.addUsers([{ user_id: 7, username: "Bob" }])).toThrow("another user");
  });
});
