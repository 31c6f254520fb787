import { describe, expect, it } from "vitest";
import { MAX_TEXT_BYTES, parseTranscript, TranscriptError } from "../src/transcript.js";

const parse = (text: string) => parseTranscript(Buffer.from(text));
const texts = (text: string) => parse(text).map((line) => line.text);

describe("a transcript is read", () => {
  it("line by line, with blank lines left out", () => {
    expect(parse("ana: hola\n\n  \nbenito: ¿qué tal?\n")).toEqual([
      { speaker: "ana", text: "hola" },
      { speaker: "benito", text: "¿qué tal?" },
    ]);
  });

  it("with its last line ended or not", () => {
    expect(texts("ana: a\nana: b")).toEqual(texts("ana: a\nana: b\n"));
  });

  it("with what other programs take for the end of a line inside", () => {
    const text = "a\u2028b\u2029c\u0085d\u000be\u000cf\rg\0h";
    expect(texts(`ana: ${text}\nbenito: b\n`)).toEqual([text, "b"]);
  });

  it("with one space after the colon, and every other one as text", () => {
    expect(texts("ana:  two\nana:none\nana: \ttab \nana: benito: b")).toEqual([
      " two",
      "none",
      "\ttab ",
      "benito: b",
    ]);
  });

  it("with carriage returns as text, unless they end the line", () => {
    expect(texts("ana: a\r\nbenito: b\r\n")).toEqual(["a", "b"]);
    expect(texts("ana: a\r\n\r\nbenito: b")).toEqual(["a", "b"]);
    expect(texts("ana: a\rb\r\nbenito: b\n")).toEqual(["a\rb", "b"]);
  });

  it("with a byte order mark before it, and others as text", () => {
    expect(texts("\ufeffana: a\nana: \ufeffb")).toEqual(["a", "\ufeffb"]);
  });

  it("with texts of 100 kB", () => {
    const text = "x".repeat(MAX_TEXT_BYTES);
    expect(texts(`ana: ${text}`)).toEqual([text]);
  });
});

describe("a transcript is refused, with the number of the line", () => {
  const refusals: [string, string | Buffer, RegExp][] = [
    ["of somebody else", "ana: a\n\ncarla: b", /^line 3 .*carla/],
    ["of another case", "Ana: a", /^line 1 /],
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
    ["where there is none", "\n\n", /no lines/],
    ["where there is nothing", "", /no lines/],
  ];
  it.each(refusals)("%s", (_, transcript, message) => {
    const reading = () => parseTranscript(Buffer.from(transcript as string));
    expect(reading).toThrow(TranscriptError);
    expect(reading).toThrow(message);
  });
});
