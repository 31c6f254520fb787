import { describe, expect, it } from "vitest";
import { splitLinks } from "../../src/model/links.js";

const linksIn = (text: string) => splitLinks(text).filter(({ href }) => href !== undefined);
const textOf = (text: string) => linksIn(text).map((piece) => piece.text);

describe("splitLinks", () => {
  it.each([
    ["see https://example.com", "https://example.com"],
    ["https://example.com/a?b=c#d, and so on", "https://example.com/a?b=c#d"],
    ["(https://en.wikipedia.org/wiki/Lacre_(wax))", "https://en.wikipedia.org/wiki/Lacre_(wax)"],
    ["Is it http://localhost:8000/x?", "http://localhost:8000/x"],
    ["https://es.wikipedia.org/wiki/España.", "https://es.wikipedia.org/wiki/España"],
    ["http://[::1]:80/", "http://[::1]:80/"],
    ["[see (https://a.example/b[1]!)].", "https://a.example/b[1]"],
    ["Https://Example.COM/", "Https://Example.COM/"],
  ])("finds the link in %j", (text, link) => {
    expect(textOf(text)).toEqual([link]);
  });

  it("finds several links, and returns the text around them", () => {
    const text = "a https://one.example b\nhttps://two.example/ c";
    expect(splitLinks(text)).toEqual([
      { at: 0, text: "a " },
      { at: 2, text: "https://one.example", href: "https://one.example/" },
      { at: 21, text: " b\n" },
      { at: 24, text: "https://two.example/", href: "https://two.example/" },
      { at: 44, text: " c" },
    ]);
  });

  it.each([
    ["another protocol", "javascript:alert(1) data:text/html,x ftp://a.example file:///etc"],
    ["no host", "http:// https:///x http://?"],
    ["a user name that looks like a host", "https://bank.example@evil.example/"],
    ["a user name and a password", "https://bank.example:443@evil.example/"],
    ["an empty user name", "https://@evil.example/"],
    [
      "Cyrillic letters that look like Latin ones",
      "https://\u0430pple.example https://example\u0430.com",
    ],
    ["a host that continues after its ASCII part", "https://bank.exampl\u0435.evil.example/"],
    ["a character that looks like a slash", "https://bank.example\u2044@evil.example"],
    ["a backslash", "https://bank.example\\@evil.example"],
    [
      "a control character that reverses the text direction",
      "https://evil.example/\u202Egpj.example",
    ],
    ["a control character that isolates text", "https://evil.example\u2067/x"],
    ["a zero-width character", "https://bank.example\u200B.evil.example"],
    ["a host written as a number", "http://2130706433/ http://0x7f.1/"],
    ["a host with escaped letters", "https://%62ank.example/"],
  ])("makes no link of %s", (_, text) => {
    expect(linksIn(text)).toEqual([]);
    expect(
      splitLinks(text)
        .map((piece) => piece.text)
        .join(""),
    ).toBe(text);
  });

  it("takes linear time for any text", () => {
    const dotsAndBrackets = `https://a.example/${".".repeat(1000)}${")".repeat(1000)} `;
    for (const text of [
      "http://".repeat(50_000),
      `https://a.example/${")".repeat(50_000)}`,
      dotsAndBrackets.repeat(350),
    ]) {
      expect(
        splitLinks(text)
          .map((piece) => piece.text)
          .join(""),
      ).toBe(text);
    }
  });
});
