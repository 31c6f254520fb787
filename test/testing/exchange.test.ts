import { describe, expect, it } from "vitest";
import { Exchange, shown, shownPath } from "../../src/testing/contract/exchange.js";

describe("the exchange of a case", () => {
  it.each([
    [80, 80],
    [81, 81],
    [1000, 81],
  ])("keeps the first and the last of %i lines", (count, kept) => {
    const exchange = new Exchange();
    for (let at = 1; at <= count; at++) exchange.add(`line ${at}.`);
    const lines = exchange.lines();
    expect(lines).toHaveLength(kept);
    expect(lines[0]).toMatch(/^\d\.\d{3} s {2}line 1\.$/);
    expect(lines.at(-1)).toContain(`line ${count}.`);
    expect(lines.includes(`… ${count - 80} more`)).toBe(count > 80);
  });

  it("shortens a line", () => {
    const exchange = new Exchange();
    exchange.add("x".repeat(5000));
    expect(exchange.lines()[0]!.length).toBeLessThan(1000);
  });
});

describe("a shown value", () => {
  it("has lengths of bytes, shortened texts, and no credentials", () => {
    const value = { content: new Uint8Array(33), text: "x".repeat(101), password: "hunter2" };
    expect(shown(value)).toBe(
      `{"content":"<33 bytes>","text":"${"x".repeat(100)}… (101 characters)","password":"<secret>"}`,
    );
    expect(shown({ text: "x".repeat(100) })).not.toContain("…");
    expect(shown(new Uint8Array(32))).toBe(`"<32 bytes: ${"00".repeat(32)}>"`);
    expect(shown(undefined)).toBe("nothing");
    expect(shown(Array(1000).fill(0)).length).toBeLessThan(450);
  });

  it("has no credentials of a path", () => {
    expect(shownPath("/ws?ticket=abcdef&x=1")).toBe("/ws?ticket=<secret>&x=1");
    expect(shownPath("/ws?a=b&token=abcdef")).toBe("/ws?a=b&token=<secret>");
    expect(shownPath("/chats/1/messages?after=0")).toBe("/chats/1/messages?after=0");
  });
});
