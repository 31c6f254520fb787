import { createReadStream, openSync } from "node:fs";
import { tmpdir } from "node:os";
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

it("ends a line at LF, CRLF and the end of the input only", async () => {
  const first = "one\ufeff\u2028two\u2029three\u0085four\u000b\u000c\rfive\0";
  for (const size of [1, 2, 3, 1000]) {
    const lines = await linesOf(`${first}\r\n\n\r\n🫒 last\r`, size);
    expect(lines).toEqual([first, "", "", "🫒 last"]);
  }
});

it("writes line ends of a text as LF, and drops the last one", async () => {
  for (const [text, expected] of [
    ["one\r\n\r\ntwo\r\n", "one\n\ntwo"],
    ["one\rstill one\r", "one\rstill one"],
    ["one\n\n", "one\n"],
    ["\r\n", ""],
  ]) {
    for (const size of [1, 2, 100]) expect(await readText(inChunks(text!, size))).toBe(expected);
  }
});

it("begins no line after the last line feed", async () => {
  expect(await linesOf("a\n")).toEqual(["a"]);
  expect(await linesOf("\n")).toEqual([""]);
  expect(await linesOf("")).toEqual([]);
});

it("reads a line of 300 kB that comes in small pieces", async () => {
  const long = "ñ".repeat(150_000);
  expect(await linesOf(`${long}\nshort\n`, 100)).toEqual([long, "short"]);
});

it("throws an error with a reason if the input cannot be read", async () => {
  const folder = openSync(tmpdir(), "r");
  const stream = createReadStream("", { fd: folder });
  await expect(readText(stream)).rejects.toThrow("the input cannot be read (EISDIR");
});

it("drops a byte order mark at the beginning only", async () => {
  expect(await linesOf("\ufeffa\n\ufeffb\n", 1)).toEqual(["a", "\ufeffb"]);
  expect(await readText(inChunks("\ufeffa\n\ufeffb\n", 1))).toBe("a\n\ufeffb");
});

it("rejects input that is not UTF-8", async () => {
  await expect(linesOf(Buffer.from([0x61, 0xff, 0x0a]))).rejects.toThrow("not UTF-8");
  await expect(readText(inChunks(Buffer.from([0xc3]), 1))).rejects.toThrow("not UTF-8");
});
