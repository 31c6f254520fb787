import { describe, expect, it } from "vitest";
import { searchEvidence } from "../src/secrecy.js";
import { differences } from "../src/verdict.js";

describe("differences", () => {
  it.each([
    ["lost", ["a", "b"], ["a"], /^lost 1 .*"b"/],
    ["duplicated", ["a"], ["a", "a"], /^1 × too often .*"a"/],
    ["lost, with an equal line that is not", ["a", "a"], ["a"], /^lost 1 .*"a"/],
    ["out of order", ["a", "b"], ["b", "a"], /^out of order .*"b"/],
  ])("names a line that is %s", (_, expected, actual, message) => {
    expect(differences(expected, actual, "seen")[0]).toMatch(message);
  });

  it("returns nothing for equal lines", () => {
    expect(differences(["a", "a", "b"], ["a", "a", "b"], "seen")).toEqual([]);
  });
});

it("searchEvidence searches for a line that is in the baseline only as an encoded body", async () => {
  const message = "message stored";
  const baseline = [{ name: "sources", parts: [Buffer.from(`the words: ${message}, in a log`)] }];
  const locations = [{ name: "server's log", parts: [Buffer.from(message)] }];
  const nothing = { sent: [], received: [], readUpTo: 0, client: "" };
  const { bodyOnly, leaks } = await searchEvidence({
    group: undefined,
    lines: [
      { speaker: "ana", text: message },
      { speaker: "ana", text: "hi" },
    ],
    participants: { ana: nothing, benito: nothing },
    ...{ rows: [], locations, baseline, secrets: [], outages: [], traffic: [], failures: [] },
  });
  expect([...bodyOnly].sort()).toEqual([0, 1]);
  expect(leaks).toEqual([]);
});
