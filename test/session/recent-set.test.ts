import { expect, it } from "vitest";
import { RecentSet } from "../../src/session/recent-set.js";

it("the latest 10,000 are remembered, and no more", () => {
  const recent = new RecentSet();
  for (let at = 0; at < 10_000; at++) expect(recent.add(String(at))).toBe(true);
  expect(recent.add("0")).toBe(false);
  expect(recent.add("10000")).toBe(true);
  expect(recent.has("0")).toBe(false);
  expect(recent.has("1")).toBe(true);
});
