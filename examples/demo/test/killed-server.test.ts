import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isQuick } from "../../../test/support/runs.js";
import { until } from "../../server/harness/until.js";
import { readMessageRows } from "../src/database-rows.js";
import { perform } from "../src/perform.js";
import { investigate } from "../src/secrecy.js";
import { Stage } from "../src/stage.js";
import { readTraffic } from "../src/traffic.js";
import { LINES, silentProgress, verdictOn } from "./evidence.js";

/** The fifth message is on its way when the server is killed. */
const AT = 4;
const PATIENCE_SECONDS = 60;

/** Kills its server when the condition holds that was waited for. */
class StageWithFault extends Stage {
  readonly #isDue: (stage: Stage) => Promise<boolean>;

  constructor(server: string, isDue: (stage: Stage) => Promise<boolean>) {
    super(undefined, fileURLToPath(new URL(server, import.meta.url)));
    this.#isDue = isDue;
  }

  override async killServer(): Promise<void> {
    const isDue = await until(() => this.#isDue(this), PATIENCE_SECONDS);
    if (!isDue) throw new Error("the moment for the kill did not come");
    await super.killServer();
  }
}

async function runWith(stage: Stage) {
  try {
    const evidence = await perform(LINES, stage, silentProgress());
    const log = evidence.places.find(({ name }) => name === "server's log")!;
    const unlogged = evidence.rows.filter(
      ({ client_id }) => !log.parts.some((part) => Buffer.from(part).includes(client_id!)),
    );
    return { evidence, unlogged: unlogged.map(({ seq }) => seq) };
  } finally {
    await stage.close();
  }
}

const idOf = async (stage: Stage) => (await readMessageRows(stage.databasePath))[AT]?.client_id;

describe.skipIf(isQuick)("accepts a log without the message that was stored last", () => {
  it("if the server is killed between the commit and the log line", async () => {
    const isStored = async (stage: Stage) => (await idOf(stage)) !== undefined;
    const stage = new StageWithFault("hanging-server.ts", isStored);
    const { evidence, unlogged } = await runWith(stage);
    expect(unlogged).toEqual([AT + 1]);
    expect(await verdictOn(evidence)).toEqual([]);
    expect((await investigate(evidence)).unlogged).toBe(1);
  }, 240_000);

  it("if the server is killed after it acknowledged it, and before the log line is written", async () => {
    const isAcknowledged = async (stage: Stage) => {
      const id = await idOf(stage);
      const traffic = readTraffic(stage.proxy.recordings);
      return traffic.some(({ announcedIds }) => announcedIds.has(String(id)));
    };
    const stage = new StageWithFault("unflushed-log-server.ts", isAcknowledged);
    const { evidence, unlogged } = await runWith(stage);
    expect(unlogged).toContain(AT + 1);
    expect(await verdictOn(evidence)).toEqual([]);
  }, 240_000);
});
