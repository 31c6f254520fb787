import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isQuick } from "../../../test/support/runs.js";
import { collectEvidence } from "../src/collect-evidence.js";
import type { Evidence, ParticipantRecord } from "../src/evidence.js";
import { DemoFixture, PASSPHRASE, PASSWORD } from "../src/fixture.js";
import { type LocationName, locationNames } from "../src/locations.js";
import type { Speaker } from "../src/transcript.js";
import { LINES, silentProgress, verdictOn } from "./evidence.js";

const TEXT = LINES[1]!.text;

let fixture: DemoFixture;
let evidence: Evidence;

beforeAll(async () => {
  fixture = new DemoFixture(undefined);
  evidence = await collectEvidence(LINES, fixture, silentProgress());
}, 240_000);
afterAll(() => fixture.close());

/** Returns the evidence with the data of one location replaced. */
function withLocation(name: LocationName, change: (parts: readonly Uint8Array[]) => Uint8Array[]) {
  const locations = evidence.locations.map((location) =>
    location.name === name ? { ...location, parts: change(location.parts) } : location,
  );
  return { ...evidence, locations };
}

const withText = (name: LocationName, text: string) =>
  withLocation(name, (parts) => [...parts, Buffer.from(`${text}\n`)]);

/** Returns the evidence with some fields of one participant's record replaced. */
function withRecord(name: Speaker, changes: Partial<ParticipantRecord>): Evidence {
  const { client, sent, received, readUpTo } = evidence.participants[name];
  const record = { client, sent, received, readUpTo, ...changes };
  return { ...evidence, participants: { ...evidence.participants, [name]: record } };
}

/** Returns the evidence with the messages that a participant received changed. */
function withReceived(name: Speaker, change: <T>(messages: readonly T[]) => T[]): Evidence {
  return withRecord(name, { received: change(evidence.participants[name].received) });
}

const swapped = <T>([first, second, ...others]: readonly T[]) => [second!, first!, ...others];

it.skipIf(isQuick)("finds nothing wrong with a run without faults", async () => {
  expect(await verdictOn(evidence)).toEqual([]);
});

it.skipIf(isQuick)("finds a line that was lost in the group", async () => {
  const { group } = evidence;
  const benito = group!.received.benito.slice(1);
  const received = { ...group!.received, benito };
  expect(await verdictOn({ ...evidence, group: { ...group!, received } })).toEqual([
    expect.stringMatching(/^lost 1 × among the lines that benito received in the group/),
  ]);
});

describe.skipIf(isQuick)("finds a plaintext leak", () => {
  it.each(locationNames)("of a line in the %s", async (location) => {
    expect(await verdictOn(withText(location, JSON.stringify({ text: TEXT })))).toEqual([
      expect.stringMatching(`^line 2 was found in the ${location}, as`),
    ]);
  });

  it.each(locationNames)("of a recovery key in the %s", async (location) => {
    const { name, text } = evidence.group!.secrets[0]!;
    expect(await verdictOn(withText(location, text))).toEqual([
      `${name} was found in the ${location}, as UTF-8`,
    ]);
  });

  it.each(locationNames)("of the passphrase in the %s", async (location) => {
    expect(await verdictOn(withText(location, Buffer.from(PASSPHRASE).toString("base64")))).toEqual(
      [`the passphrase was found in the ${location}, as UTF-8 in base64`],
    );
  });

  it.each(["database", "server's log", "wire to clients"] as const)(
    "of the password in the %s",
    async (location) => {
      expect(await verdictOn(withText(location, JSON.stringify({ password: PASSWORD })))).toEqual([
        `the password was found in the ${location}, as UTF-8`,
      ]);
    },
  );
});

describe.skipIf(isQuick)("reports a message", () => {
  it("that the receiver did not get", async () => {
    const problems = await verdictOn(withReceived("benito", (all) => all.slice(1)));
    expect(problems).toContainEqual(expect.stringMatching(/^lost 1 .*benito received.*first/));
  });

  it("that the receiver got twice", async () => {
    const problems = await verdictOn(withReceived("benito", (all) => [...all, all[0]!]));
    expect(problems).toContainEqual(expect.stringMatching(/^1 × too often .*benito received/));
  });

  it("that the receiver got too early", async () => {
    expect(await verdictOn(withReceived("benito", swapped))).toEqual([
      expect.stringMatching(/^out of order among the lines that benito received/),
    ]);
  });

  it("that the receiver did not read", async () => {
    expect(await verdictOn(withRecord("benito", { readUpTo: 6 }))).toEqual([
      expect.stringMatching(/^unread by ana: .*seventh/),
    ]);
  });

  it("that is missing in the database", async () => {
    const rows = evidence.rows.slice(0, -1);
    expect(await verdictOn({ ...evidence, rows })).toEqual(["the database holds 6 messages of 7"]);
  });

  it("that is in the database twice", async () => {
    const rows = [...evidence.rows, { ...evidence.rows[6]!, seq: 8 }];
    const problems = await verdictOn({ ...evidence, rows });
    expect(problems).toContain("the database holds 8 messages of 7");
  });

  it("that is at the wrong position in the database", async () => {
    const rows = swapped(evidence.rows).map((row, at) => ({ ...row, seq: at + 1 }));
    expect(await verdictOn({ ...evidence, rows })).toEqual([
      "the database has seq 1 at the wrong position or from the wrong sender",
      "the database has seq 2 at the wrong position or from the wrong sender",
    ]);
  });
});

describe.skipIf(isQuick)("reports incomplete evidence:", () => {
  it.each([0, 1, 2, 3, 4, 5, 6])("a log without acknowledged message %i", async (at) => {
    const id = String(evidence.rows[at]!.client_id);
    const { ackedOrDeliveredIds } =
      evidence.traffic.find((one) => one.ackedOrDeliveredIds.has(id)) ?? {};
    const changed = withLocation("server's log", (parts) =>
      parts.map((part) => Buffer.from(Buffer.from(part).toString().replaceAll(id, "-"))),
    );
    const isRequired = ackedOrDeliveredIds !== undefined || at !== 4;
    expect(await verdictOn(changed)).toEqual(
      isRequired ? [expect.stringMatching("finds . of . client ids in the server's log")] : [],
    );
  });

  it.each(locationNames)("an empty %s", async (location) => {
    const problems = await verdictOn(withLocation(location, () => []));
    expect(problems).toContainEqual(
      expect.stringMatching(`^the search .* 0 of .* the ${location}$`),
    );
  });

  it("no password in the traffic to the server", async () => {
    const changed = withLocation("wire to server", (parts) =>
      parts.map((part) =>
        Buffer.from(Buffer.from(part).toString("latin1").replaceAll(PASSWORD, ""), "latin1"),
      ),
    );
    expect(await verdictOn(changed)).toEqual([
      "the search is broken: it finds 0 of 1 secrets that are sent in the wire to server",
    ]);
  });

  it("an outage after which a client did not reconnect", async () => {
    const beforeGroup = evidence.traffic.slice(0, evidence.group!.connectionsBefore);
    const last = beforeGroup.findLastIndex(({ types }) => types.has("welcome"));
    const traffic = evidence.traffic.map((one, at) =>
      at === last ? { ...one, types: new Set<string>() } : one,
    );
    expect(await verdictOn({ ...evidence, traffic })).toEqual([
      "1 of 2 clients exchanged hello with the server after the server was killed",
      "1 of 2 clients exchanged welcome with the server after the server was killed",
    ]);
  });

  it("a run that stopped", async () => {
    const failures = ["stopped at line 5 of 7"];
    expect(await verdictOn({ ...evidence, failures })).toEqual(failures);
  });
});
