import { describe, expect, it } from "vitest";
import { investigate } from "../src/secrecy.js";
import { differences } from "../src/verdict.js";

describe("differences between what was said and seen", () => {
  it.each([
    ["lost", ["a", "b"], ["a"], /^lost 1 .*"b"/],
    ["duplicated", ["a"], ["a", "a"], /^1 × too often .*"a"/],
    ["a duplicate lost", ["a", "a"], ["a"], /^lost 1 .*"a"/],
    ["out of order", ["a", "b"], ["b", "a"], /^out of order .*"b"/],
  ])("%s", (_, said, seen, message) => {
    expect(differences(said, seen, "seen")[0]).toMatch(message);
  });

  it("none", () => {
    expect(differences(["a", "a", "b"], ["a", "a", "b"], "seen")).toEqual([]);
  });
});

it("searches a line that stands in the baseline only as an encoded body", async () => {
  const message = "message stored";
  const baseline = [{ name: "sources", parts: [Buffer.from(`the words: ${message}, in a log`)] }];
  const places = [{ name: "server's log", parts: [Buffer.from(message)] }];
  const nothing = { sent: [], received: [], readUpTo: 0, seat: "" };
  const { framed, leaks } = await investigate({
    lines: [
      { speaker: "ana", text: message },
      { speaker: "ana", text: "hi" },
    ],
    seen: { ana: nothing, benito: nothing },
    ...{ rows: [], places, baseline, secrets: [], outages: [], traffic: [], troubles: [] },
  });
  expect([...framed].sort()).toEqual([0, 1]);
  expect(leaks).toEqual([]);
});
