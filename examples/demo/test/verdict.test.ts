import { describe, expect, it } from "vitest";
import type { Place } from "../src/search.js";
import { investigate } from "../src/secrecy.js";
import { differences, problemsOf } from "../src/verdict.js";

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

describe("the verdict on one line", () => {
  const text = "a line that nobody else has";
  const client_id = "0a47ac10-58cc-4372-a567-0e02b2c3d479";
  const encrypted_content = new Uint8Array(144).map((_, at) => (at * 71) % 251);
  const rows = [{ seq: 1, sender: "ana", client_id, nonce: new Uint8Array(12), encrypted_content }];
  const evidence = Buffer.concat([Buffer.from(client_id), encrypted_content]);
  const seen = {
    ana: { sent: [{ client_id, seq: 1, text }], received: [], readUpTo: 1 },
    benito: { sent: [], received: [{ seq: 1, from: "ana", text }], readUpTo: 0 },
  };
  const verdict = (places: Place[], changed: Partial<typeof seen> = {}) =>
    problemsOf(
      [{ speaker: "ana", text }],
      { ...seen, ...changed },
      rows,
      investigate([text], rows, places, []),
    );
  const clean = { name: "database", parts: [evidence] };

  it("is good", () => expect(verdict([clean])).toEqual([]));

  it("is bad where it is found", () => {
    const dirty = { name: "database", parts: [evidence, Buffer.from(`{"text":"${text}"}`)] };
    expect(verdict([dirty])).toEqual([expect.stringContaining("line 1 was found in the database")]);
  });

  it("is bad where the search finds nothing at all", () => {
    const empty = { name: "wire to server", parts: [Buffer.alloc(1000)] };
    expect(verdict([empty])).toEqual([
      "the search is broken: it finds 0 of 1 client ids in the wire to server",
      "the search is broken: it finds 0 of 1 ciphertexts in the wire to server",
    ]);
  });

  it("is bad where it is unread, or not received", () => {
    expect(verdict([clean], { ana: { ...seen.ana, readUpTo: 0 } })).toEqual([
      expect.stringContaining("unread by benito"),
    ]);
    const unheard = { benito: { ...seen.benito, received: [] } };
    expect(verdict([clean], unheard)).toContainEqual(expect.stringContaining("lost 1"));
  });
});

it("a line that stands in the baseline is not searched bare", () => {
  const baseline = { name: "sources", parts: [Buffer.from("the words: message stored, in a log")] };
  const place = { name: "server's log", parts: [Buffer.from("message stored")] };
  const { framed, leaks } = investigate(["message stored", "hi"], [], [place], [baseline]);
  expect([...framed].sort()).toEqual([0, 1]);
  expect(leaks).toEqual([]);
});
