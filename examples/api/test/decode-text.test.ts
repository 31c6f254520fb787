import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLine, decodeText, NotUtf8Error } from "../src/decode-text.js";

const latin1 = (text: string) => Buffer.from(text, "latin1");

describe("decodeText", () => {
  it("decodes any UTF-8 text, and removes one byte order mark at its beginning", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const marked = Buffer.from(`\ufeff${text}`);
        expect(decodeText(marked, "a file")).toBe(text);
        expect(decodeLine(marked, "a line")).toBe(`\ufeff${text}`);
      }),
    );
    expect(decodeText(Buffer.from("a\ufeffb\ufffd"), "a file")).toBe("a\ufeffb\ufffd");
    expect(decodeText(Buffer.from("\ufeff\ufeffa"), "a file")).toBe("\ufeffa");
    expect(decodeText(new Uint8Array(), "a file")).toBe("");
  });

  it.each([
    ["Latin-1", latin1("contrase\xf1a")],
    ["a lone continuation byte", latin1("a\x80")],
    ["a truncated character", latin1("a\xc3")],
    ["an overlong form", latin1("\xc0\xaf")],
    ["a surrogate", latin1("\xed\xa0\x80")],
    ["a code point above U+10FFFF", latin1("\xf4\x90\x80\x80")],
    ["a truncated byte order mark", latin1("\xef\xbb")],
  ])("rejects %s, and names the file and the remedy", (_, bytes) => {
    for (const decode of [decodeText, decodeLine]) {
      expect(() => decode(bytes, "the file x")).toThrow(
        new NotUtf8Error("the file x is not UTF-8: save it as UTF-8, and try again"),
      );
    }
  });

  it.each([
    ["UTF-16", Buffer.from("\ufeffañb", "utf16le")],
    ["UTF-16", Buffer.from("\ufeffañb", "utf16le").swap16()],
    ["UTF-16", latin1("\xff\xfe")],
    ["UTF-32", latin1("\xff\xfe\0\0a\0\0\0")],
    ["UTF-32", latin1("\0\0\xfe\xff\0\0\0a")],
  ])("names %s by its byte order mark", (encoding, bytes) => {
    expect(() => decodeText(bytes, "the file x")).toThrow(
      new NotUtf8Error(`the file x is ${encoding}: save it as UTF-8, and try again`),
    );
  });
});
