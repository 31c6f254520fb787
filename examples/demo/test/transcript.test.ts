import { describe, expect, it } from "vitest";
import { MAX_TEXT_BYTES, parseTranscript, TranscriptError } from "../src/transcript.js";

const parse = (text: string) => parseTranscript(Buffer.from(text));
const texts = (text: string) => parse(text).map((line) => line.text);

describe("parseTranscript", () => {
  it("reads lines, and skips blank lines", () => {
    expect(parse("ana: hola\n\n  \nbenito: ¿qué tal?\n")).toEqual([
      { speaker: "ana", text: "hola" },
      { speaker: "benito", text: "¿qué tal?" },
    ]);
  });

  it("accepts a last line with and without a line end", () => {
    expect(texts("ana: a\nana: b")).toEqual(texts("ana: a\nana: b\n"));
  });

  it("keeps characters in a line that other programs treat as line ends", () => {
    const text = "a\u2028b\u2029c\u0085d\u000be\u000cf\rg\0h";
    expect(texts(`ana: ${text}\nbenito: b\n`)).toEqual([text, "b"]);
  });

  it("drops one space after the colon, and keeps all other spaces", () => {
    expect(texts("ana:  two\nana:none\nana: \ttab \nana: benito: b")).toEqual([
      " two",
      "none",
      "\ttab ",
      "benito: b",
    ]);
  });

  it("keeps carriage returns that are not at a line end", () => {
    expect(texts("ana: a\r\nbenito: b\r\n")).toEqual(["a", "b"]);
    expect(texts("ana: a\r\n\r\nbenito: b")).toEqual(["a", "b"]);
    expect(texts("ana: a\rb\r\nbenito: b\n")).toEqual(["a\rb", "b"]);
  });

  it("drops a byte order mark at the beginning, and keeps others", () => {
    expect(texts("\ufeffana: a\nana: \ufeffb")).toEqual(["a", "\ufeffb"]);
  });

  it("accepts a text of 100 kB", () => {
    const text = "x".repeat(MAX_TEXT_BYTES);
    expect(texts(`ana: ${text}`)).toEqual([text]);
  });
});

describe("parseTranscript rejects a line, and names its number:", () => {
  const rejections: [string, string | Buffer, RegExp][] = [
    ["of an unknown speaker", "ana: a\n\ncarla: b", /^line 3 .*carla/],
    ["with an uppercase speaker", "Ana: a", /^line 1 /],
    ["without a speaker", "hola", /^line 1 /],
    ["without text", "ana: a\nbenito: \n", /^line 2 has no text/],
    ["with space before it", " ana: a", /^line 1 /],
    [
      "that is too long",
      `ana: a\nana: ${"x".repeat(MAX_TEXT_BYTES + 1)}`,
      /^line 2 .*102401 bytes/,
    ],
    ["that is not UTF-8", Buffer.from("ana: a\nana: \xe9\n", "latin1"), /^line 2 .*is not UTF-8/],
    ["that is UTF-16", Buffer.from("\ufeffana: a\n", "utf16le"), /UTF-16: save it as UTF-8/],
    ["if all lines are blank", "\n\n", /no lines/],
    ["if the transcript is empty", "", /no lines/],
  ];
  it.each(rejections)("%s", (_, transcript, message) => {
    const reading = () => parseTranscript(Buffer.from(transcript as string));
    expect(reading).toThrow(TranscriptError);
    expect(reading).toThrow(message);
  });
});
