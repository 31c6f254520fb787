import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isQuick } from "../../../test/support/runs.js";
import type { Evidence } from "../src/evidence.js";
import { perform } from "../src/perform.js";
import { type PlaceName, placeNames } from "../src/places.js";
import { PASSPHRASE, PASSWORD, Stage } from "../src/stage.js";
import type { Speaker } from "../src/transcript.js";
import { LINES, silentProgress, verdictOn } from "./evidence.js";

const TEXT = LINES[1]!.text;

let stage: Stage;
let evidence: Evidence;

beforeAll(async () => {
  stage = new Stage(undefined);
  evidence = await perform(LINES, stage, silentProgress());
}, 240_000);
afterAll(() => stage.close());

/** The evidence with other bytes in one place. */
function withPlace(name: PlaceName, change: (parts: readonly Uint8Array[]) => Uint8Array[]) {
  const places = evidence.places.map((place) =>
    place.name === name ? { ...place, parts: change(place.parts) } : place,
  );
  return { ...evidence, places };
}

const withText = (name: PlaceName, text: string) =>
  withPlace(name, (parts) => [...parts, Buffer.from(`${text}\n`)]);

/** The evidence with other messages received by one of the two. */
function withReceived(name: Speaker, change: <T>(messages: readonly T[]) => T[]): Evidence {
  const one = evidence.seen[name];
  const changed = { ...one, seat: one.seat, sent: one.sent, readUpTo: one.readUpTo };
  const received = change(one.received);
  return { ...evidence, seen: { ...evidence.seen, [name]: { ...changed, received } } };
}

const swapped = <T>([first, second, ...others]: readonly T[]) => [second!, first!, ...others];

it.skipIf(isQuick)("finds nothing wrong with a run without faults", async () => {
  expect(await verdictOn(evidence)).toEqual([]);
});

describe.skipIf(isQuick)("finds what the server must not be able to read", () => {
  it.each(placeNames)("a line in the %s", async (place) => {
    expect(await verdictOn(withText(place, JSON.stringify({ text: TEXT })))).toEqual([
      expect.stringMatching(`^line 2 was found in the ${place}, as`),
    ]);
  });

  it.each(placeNames)("the passphrase in the %s", async (place) => {
    expect(await verdictOn(withText(place, Buffer.from(PASSPHRASE).toString("base64")))).toEqual([
      `the passphrase was found in the ${place}, as UTF-8 in base64`,
    ]);
  });

  it.each(["database", "server's log", "wire to clients"] as const)(
    "the password in the %s",
    async (place) => {
      expect(await verdictOn(withText(place, JSON.stringify({ password: PASSWORD })))).toEqual([
        `the password was found in the ${place}, as UTF-8`,
      ]);
    },
  );
});

describe.skipIf(isQuick)("finds a message", () => {
  it("that was lost on its way to its reader", async () => {
    const problems = await verdictOn(withReceived("benito", (all) => all.slice(1)));
    expect(problems).toContainEqual(expect.stringMatching(/^lost 1 .*benito received.*first/));
  });

  it("that its reader received twice", async () => {
    const problems = await verdictOn(withReceived("benito", (all) => [...all, all[0]!]));
    expect(problems).toContainEqual(expect.stringMatching(/^1 × too often .*benito received/));
  });

  it("that its reader received too early", async () => {
    expect(await verdictOn(withReceived("benito", swapped))).toEqual([
      expect.stringMatching(/^out of order among the lines that benito received/),
    ]);
  });

  it("that its reader did not read", async () => {
    const { benito } = evidence.seen;
    const seen = { ...evidence.seen, benito: { ...benito, seat: "", readUpTo: 6 } };
    const changed = { ...seen.benito, sent: benito.sent, received: benito.received };
    expect(await verdictOn({ ...evidence, seen: { ...seen, benito: changed } })).toEqual([
      expect.stringMatching(/^unread by ana: .*seventh/),
    ]);
  });

  it("that the database lost", async () => {
    const rows = evidence.rows.slice(0, -1);
    expect(await verdictOn({ ...evidence, rows })).toEqual(["the database holds 6 messages of 7"]);
  });

  it("that the database holds twice", async () => {
    const rows = [...evidence.rows, { ...evidence.rows[6]!, seq: 8 }];
    const problems = await verdictOn({ ...evidence, rows });
    expect(problems).toContain("the database holds 8 messages of 7");
  });

  it("that the database holds in another place", async () => {
    const rows = swapped(evidence.rows).map((row, at) => ({ ...row, seq: at + 1 }));
    expect(await verdictOn({ ...evidence, rows })).toEqual([
      "the database's seq 1 is not where it belongs",
      "the database's seq 2 is not where it belongs",
    ]);
  });
});

describe.skipIf(isQuick)("finds that the evidence is not complete", () => {
  it.each([0, 1, 2, 3, 4, 5, 6])("a log without the acknowledged message %i", async (at) => {
    const id = String(evidence.rows[at]!.client_id);
    const { announcedIds } = evidence.traffic.find((one) => one.announcedIds.has(id)) ?? {};
    const changed = withPlace("server's log", (parts) =>
      parts.map((part) => Buffer.from(Buffer.from(part).toString().replaceAll(id, "-"))),
    );
    const isDemanded = announcedIds !== undefined || at !== 4;
    expect(await verdictOn(changed)).toEqual(
      isDemanded ? [expect.stringMatching("finds . of . client ids in the server's log")] : [],
    );
  });

  it.each(placeNames)("the %s is empty", async (place) => {
    const problems = await verdictOn(withPlace(place, () => []));
    expect(problems).toContainEqual(expect.stringMatching(`^the search .* 0 of .* the ${place}$`));
  });

  it("a login without a password in it", async () => {
    const changed = withPlace("wire to server", (parts) =>
      parts.map((part) =>
        Buffer.from(Buffer.from(part).toString("latin1").replaceAll(PASSWORD, ""), "latin1"),
      ),
    );
    expect(await verdictOn(changed)).toEqual([
      "the search is broken: it finds 0 of 1 secrets that are sent in the wire to server",
    ]);
  });

  it("an outage that a client did not notice", async () => {
    const last = evidence.traffic.findLastIndex(({ types }) => types.has("welcome"));
    const traffic = evidence.traffic.map((one, at) =>
      at === last ? { ...one, types: new Set<string>() } : one,
    );
    expect(await verdictOn({ ...evidence, traffic })).toEqual([
      "1 of 2 clients exchanged hello with the server after the server was killed",
      "1 of 2 clients exchanged welcome with the server after the server was killed",
    ]);
  });

  it("a run that stopped", async () => {
    const troubles = ["stopped at line 5 of 7"];
    expect(await verdictOn({ ...evidence, troubles })).toEqual(troubles);
  });
});
