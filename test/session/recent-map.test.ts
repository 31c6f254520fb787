import { expect, it } from "vitest";
import { RecentMap } from "../../src/session/recent-map.js";

it("RecentMap keeps the 10,000 newest entries", () => {
  const recent = new RecentMap<number>();
  for (let at = 0; at < 10_000; at++) expect(recent.add(String(at), at)).toBe(true);
  expect(recent.add("0", 7)).toBe(false);
  expect(recent.add("10000", 10_000)).toBe(true);
  expect(recent.has("0")).toBe(false);
  expect(recent.has("1")).toBe(true);
  expect([recent.get("0"), recent.get("1")]).toEqual([undefined, 1]);
});
