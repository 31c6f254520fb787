import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isQuick } from "../../../test/support/runs.js";
import { until } from "../../server/harness/until.js";
import { collectEvidence } from "../src/collect-evidence.js";
import { readMessageRows } from "../src/database-rows.js";
import { DemoFixture } from "../src/fixture.js";
import { searchEvidence } from "../src/secrecy.js";
import { readTraffic } from "../src/traffic.js";
import { LINES, silentProgress, verdictOn } from "./evidence.js";

/** Index of the message that is in flight when the server is killed. */
const AT = 4;
const TIMEOUT_SECONDS = 60;

/** Kills the server as soon as a condition holds. */
class FixtureWithTimedKill extends DemoFixture {
  override readonly hasGroup = false;
  readonly #isDue: (fixture: DemoFixture) => Promise<boolean>;

  constructor(server: string, isDue: (fixture: DemoFixture) => Promise<boolean>) {
    super(undefined, fileURLToPath(new URL(server, import.meta.url)));
    this.#isDue = isDue;
  }

  override async killServer(): Promise<void> {
    const isDue = await until(() => this.#isDue(this), TIMEOUT_SECONDS);
    if (!isDue) throw new Error("the condition for the kill did not hold in time");
    await super.killServer();
  }
}

async function runWith(fixture: DemoFixture) {
  try {
    const evidence = await collectEvidence(LINES, fixture, silentProgress());
    const log = evidence.locations.find(({ name }) => name === "server's log")!;
    const unlogged = evidence.rows.filter(
      ({ client_id }) => !log.parts.some((part) => Buffer.from(part).includes(client_id!)),
    );
    return { evidence, unlogged: unlogged.map(({ seq }) => seq) };
  } finally {
    await fixture.close();
  }
}

const idOf = async (fixture: DemoFixture) =>
  (await readMessageRows(fixture.databasePath))[AT]?.client_id;

describe.skipIf(isQuick)("accepts a log without the last stored message", () => {
  it("if the server is killed between the commit and the log line", async () => {
    const isStored = async (fixture: DemoFixture) => (await idOf(fixture)) !== undefined;
    const fixture = new FixtureWithTimedKill("hanging-server.ts", isStored);
    const { evidence, unlogged } = await runWith(fixture);
    expect(unlogged).toEqual([AT + 1]);
    expect(await verdictOn(evidence)).toEqual([]);
    expect((await searchEvidence(evidence)).unlogged).toBe(1);
  }, 240_000);

  it("if the server is killed between the acknowledgement and the write of the log line", async () => {
    const isAcknowledged = async (fixture: DemoFixture) => {
      const id = await idOf(fixture);
      const traffic = readTraffic(fixture.proxy.recordings);
      return traffic.some(({ ackedOrDeliveredIds }) => ackedOrDeliveredIds.has(String(id)));
    };
    const fixture = new FixtureWithTimedKill("unflushed-log-server.ts", isAcknowledged);
    const { evidence, unlogged } = await runWith(fixture);
    expect(unlogged).toContain(AT + 1);
    expect(await verdictOn(evidence)).toEqual([]);
  }, 240_000);
});
