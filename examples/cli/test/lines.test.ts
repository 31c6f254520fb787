import { expect, it } from "vitest";
import { readLines, readText } from "../src/lines.js";

async function* inChunks(text: string | Uint8Array, size: number) {
  const bytes = Buffer.from(text as string);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

async function linesOf(text: string | Uint8Array, size = 7): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(inChunks(text, size))) lines.push(line);
  return lines;
}

it("a line feed ends a line, and nothing else does", async () => {
  const first = "\ufeffone\u2028two\u2029three\u0085four\u000b\u000c\rfive\0\r";
  for (const size of [1, 2, 3, 1000]) {
    expect(await linesOf(`${first}\n\n🫒 last`, size)).toEqual([first, "", "🫒 last"]);
  }
});

it("a last line feed begins no line", async () => {
  expect(await linesOf("a\n")).toEqual(["a"]);
  expect(await linesOf("\n")).toEqual([""]);
  expect(await linesOf("")).toEqual([]);
});

it("a line of 300 kB that comes in small pieces is one line", async () => {
  const long = "ñ".repeat(150_000);
  expect(await linesOf(`${long}\nshort\n`, 100)).toEqual([long, "short"]);
});

it("what is not UTF-8 is refused", async () => {
  await expect(linesOf(Buffer.from([0x61, 0xff, 0x0a]))).rejects.toThrow("not UTF-8");
  await expect(readText(inChunks(Buffer.from([0xc3]), 1))).rejects.toThrow("not UTF-8");
});
