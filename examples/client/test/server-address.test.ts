import fc from "fast-check";
import { readServerAddress } from "lacre-client";
import { describe, expect, it } from "vitest";

describe("a server's address", () => {
  it.each([
    ["https://chat.example", "https://chat.example"],
    ["https://chat.example/", "https://chat.example"],
    ["HTTP://Chat.Example:80/", "http://chat.example"],
    ["http://127.0.0.1:8000/lacre", "http://127.0.0.1:8000/lacre"],
    ["https://example.org/a/b///", "https://example.org/a/b"],
    ["https://example.org/a/../b/", "https://example.org/b"],
    ["http://[::1]:8000/lacre/", "http://[::1]:8000/lacre"],
  ])("is read from %s, with its path", (text, address) => {
    expect(readServerAddress(text)).toBe(address);
  });

  it.each([
    "",
    "chat.example",
    "ftp://chat.example",
    "http://",
    "https:/chat.example",
    "https://user:password@chat.example",
    "https://chat.example/?a=b",
    "https://chat.example/lacre#/chat/1",
  ])("is not %s, of which something would be lost", (text) => {
    expect(readServerAddress(text)).toBeUndefined();
  });

  it("is unchanged by a second normalization, with every path", () => {
    fc.assert(
      fc.property(fc.webPath(), fc.nat({ max: 3 }), (path, slashes) => {
        const text = `https://example.org${path}`;
        const address = readServerAddress(text + "/".repeat(slashes))!;
        expect(readServerAddress(address)).toBe(address);
        expect(`${address}/`).toBe(new URL(text).href.replace(/\/*$/, "/"));
      }),
    );
  });
});
