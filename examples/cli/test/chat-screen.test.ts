import fc from "fast-check";
import { type ReadMessage, StoreError } from "lacre-client";
import stringWidth from "string-width";
import { expect, it } from "vitest";
import { ChatScreen } from "../src/screen/chat-screen.js";
import type { Cursor, Terminal } from "../src/screen/terminal.js";
import { TextEditor } from "../src/screen/text-editor.js";

const chat = { chat_id: 1, peer_id: 2, peer_name: "حسن_漢字" } as never;
const sizes = fc.integer({ min: 0, max: 5 });
const words = fc.constantFrom("hola", "漢字漢字", "👩‍👩‍👧", "\n", "  ", "x".repeat(40));
const texts = fc.array(words, { maxLength: 8 }).map((parts) => parts.join(""));

function message(text: string, seq: number): ReadMessage {
  const content = { kind: "text", text };
  const from = { isOwn: seq % 2 === 0, sender_id: 2, client_id: undefined };
  return { ...from, chat_id: 1, seq, timestamp: 1000 * seq, content } as never;
}

it("draws a screen that fits a terminal of any size", async () => {
  await fc.assert(
    fc.asyncProperty(
      ...[sizes, sizes, fc.array(texts, { maxLength: 5 }), texts, fc.integer({ min: -2, max: 3 })],
      async (width, height, all, typed, pages) => {
        let lines: readonly string[] = [];
        let cursor: Cursor = { row: 0, column: 0 };
        const show: Terminal["show"] = (...shown) => {
          [lines, cursor] = shown;
        };
        const editor = new TextEditor();
        editor.replace(typed);
        const screen = new ChatScreen({ width, height, show }, editor, chat, "alice");
        screen.add(all.map((text, at) => message(text, at + 1)));
        screen.showHelp(["/help explains"]);
        screen.scrollBy(pages);
        await new Promise(setImmediate);
        if (width === 0 || height === 0) {
          expect(lines).toEqual([]);
          return;
        }
        expect(lines).toHaveLength(height);
        for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(width);
        expect(cursor.row).toBeLessThan(height);
        expect(cursor.column).toBeLessThan(width);
      },
    ),
  );
});

it("replaces the notice about a failing store when the store works again", async () => {
  let lines: readonly string[] = [];
  const terminal = { width: 200, height: 5, show: (shown: readonly string[]) => (lines = shown) };
  const screen = new ChatScreen(terminal as never, new TextEditor(), chat, "alice");
  screen.onEvent({ type: "store", error: new StoreError("the disk is full") });
  await new Promise(setImmediate);
  expect(lines.join("\n")).toContain("the disk is full");
  screen.onEvent({ type: "store", error: undefined });
  await new Promise(setImmediate);
  expect(lines.join("\n")).not.toContain("the disk is full");
  expect(lines.join("\n")).toContain("can be written again");
});
