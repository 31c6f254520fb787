import fc from "fast-check";
import stringWidth from "string-width";
import { describe, expect, it } from "vitest";
import { parseInput } from "../src/chat-commands.js";
import { fitted, wrapped } from "../src/screen/fit.js";
import { viewInput } from "../src/screen/input-view.js";
import { type Motion, TextEditor } from "../src/screen/text-editor.js";

function edited(text: string, ...edits: ((editor: TextEditor) => void)[]): TextEditor {
  const editor = new TextEditor();
  editor.replace(text);
  for (const edit of edits) edit(editor);
  return editor;
}
const move = (motion: Motion) => (editor: TextEditor) => editor.move(motion);
const remove = (motion: Motion) => (editor: TextEditor) => editor.remove(motion);
/** Returns the text with a bar at the cursor. */
const seen = ({ text, cursor }: TextEditor) => `${text.slice(0, cursor)}|${text.slice(cursor)}`;

describe("TextEditor", () => {
  it("moves by whole characters, words and lines", () => {
    expect(seen(edited("a👩‍👩‍👧e\u0301", move("left"), move("left")))).toBe("a|👩‍👩‍👧e\u0301");
    expect(seen(edited("uno, dos  ", move("word left")))).toBe("uno, |dos  ");
    expect(seen(edited("uno\ndos", move("line start"), move("left"), move("word left")))).toBe(
      "|uno\ndos",
    );
    expect(seen(edited("uno\nñandú\nx", move("up"), move("line end"), move("up")))).toBe(
      "uno|\nñandú\nx",
    );
    expect(seen(edited("uno\ndos", move("up"), move("up"), move("down")))).toBe("uno\n|dos");
  });

  it("removes text, and restores it if it was more than a character", () => {
    expect(seen(edited("uno dos", move("line start"), remove("word right")))).toBe("| dos");
    expect(seen(edited("uno dos", remove("word left"), (it) => it.restore()))).toBe("uno dos|");
    expect(seen(edited("🫒", remove("left")))).toBe("|");
    expect(seen(edited("a\nb", move("line start"), remove("left")))).toBe("a|b");
    expect(seen(edited("", remove("left"), remove("right"), remove("word left")))).toBe("|");
  });

  it("keeps its cursor in the text and between characters after any edits", () => {
    const motions = fc.constantFrom<Motion>(
      ...(["left", "right", "word left", "word right"] as const),
      ...(["line start", "line end", "up", "down"] as const),
    );
    const edits = fc.array(
      fc.oneof(
        motions.map(move),
        motions.map(remove),
        texts.map((text) => (editor: TextEditor) => editor.insert(text)),
      ),
    );
    fc.assert(
      fc.property(texts, edits, (text, list) => {
        const { text: result, cursor } = edited(text, ...list);
        expect(cursor).toBeGreaterThanOrEqual(0);
        expect(cursor).toBeLessThanOrEqual(result.length);
        expect(result).not.toMatch(/\p{Surrogate}/u);
      }),
    );
  });
});

const texts = fc.string({
  unit: fc.oneof(
    fc.constantFrom("\n", "\t", " ", "a", "漢", "🫒", "👩‍👩‍👧", "\u0301", "ش", "\u001b", "\u200d"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  ),
});
const sides = fc.integer({ min: 1, max: 5 });

describe("in a terminal of any size", () => {
  it("the input fits, with its cursor inside", () => {
    fc.assert(
      fc.property(texts, fc.nat(), sides, sides, (text, at, width, height) => {
        const cursor = at % (text.length + 1);
        const view = viewInput({ text, cursor }, { width, height });
        expect(view.rows.length).toBeGreaterThanOrEqual(1);
        expect(view.rows.length).toBeLessThanOrEqual(height);
        for (const row of view.rows) expect(stringWidth(row)).toBeLessThanOrEqual(width);
        expect(view.row).toBeLessThan(view.rows.length);
        expect(view.column).toBeLessThan(width);
      }),
    );
  });

  it("the input shows the text at the cursor, in a text of any length", () => {
    const line = fc.string({ unit: fc.constantFrom(..."abcdefghij"), maxLength: 400 });
    const long = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(long, fc.nat(), sides, sides, (text, at, width, height) => {
        const cursor = at % (text.length + 1);
        const { rows, row, column } = viewInput({ text, cursor }, { width: 8 * width, height });
        const next = /^[a-j]/.exec(text.slice(cursor))?.[0] ?? "";
        expect(rows[row]!.charAt(column)).toBe(next);
      }),
    );
  });

  it("lines are wrapped and padded to the width", () => {
    fc.assert(
      fc.property(texts, sides, (text, width) => {
        const clean = text.replace(/\p{Cc}/gu, " ");
        for (const line of wrapped(clean, width)) {
          expect(stringWidth(line)).toBeLessThanOrEqual(width);
        }
        expect(stringWidth(fitted(clean, width))).toBe(width);
      }),
    );
  });
});

describe("parseInput", () => {
  it.each([
    ["hola", { kind: "text", text: "hola" }],
    ["//etc", { kind: "text", text: "/etc" }],
    ["///", { kind: "text", text: "//" }],
    [" /help", { kind: "text", text: " /help" }],
    ["/help ", { kind: "help" }],
    ["/who", { kind: "who" }],
    ["/quit", { kind: "quit" }],
  ])("reads %j as %j", (typed, expected) => {
    expect(parseInput(typed)).toEqual(expected);
  });

  it.each(["/", "/etc/passwd", "/help me", "/Quit", "/who\nis there"])(
    "rejects %j as an unknown command",
    (typed) => {
      expect(parseInput(typed)).toMatchObject({ kind: "unknown", error: /^not sent/ });
    },
  );
});
