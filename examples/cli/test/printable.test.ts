import { describe, expect, it } from "vitest";
import { printable } from "../src/printable.js";

describe("printable", () => {
  it.each([
    ["Hebrew", "\u05d0"],
    ["Arabic", "\u0627"],
    ["Samaritan", "\u0800"],
    ["Mandaic", "\u0840"],
    ["Phoenician", "\u{10900}"],
    ["Adlam", "\u{1e900}"],
    ["presentation forms", "\ufe8d"],
  ])("isolates text in %s, which runs from right to left", (_, letter) => {
    expect(printable(`a ${letter}`)).toBe(`\u2068a ${letter}\u2069`);
  });

  it("leaves text alone that runs from left to right", () => {
    const text = "café Ωμέγα Привет 漢字 한국 👩‍👧 हिन्दी";
    expect(printable(text)).toBe(text);
  });
});
