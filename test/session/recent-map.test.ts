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

it("RecentMap adds a removed entry again, as the newest one", () => {
  const recent = new RecentMap<number>();
  for (let at = 0; at < 10_000; at++) recent.add(String(at), at);
  recent.remove((key, value) => key === "0" || value === 5);
  expect([recent.has("0"), recent.has("5"), recent.has("1")]).toEqual([false, false, true]);
  expect(recent.add("0", 0)).toBe(true);
  for (let at = 10_000; at < 19_999; at++) recent.add(String(at), at);
  expect([recent.has("9999"), recent.has("0")]).toEqual([false, true]);
  recent.add("19999", 0);
  expect(recent.has("0")).toBe(false);
});
