import { expect, it } from "vitest";
import { extendLog, readLog } from "../../src/mls/index.js";
import { begun, madeEntry, OP, testKey } from "../support/log-entries.js";
import { isQuick } from "../support/runs.js";

const USER = 7;

it.skipIf(isQuick)("a log has at most 1,024 entries", { timeout: 240_000 }, () => {
  const [device, recovery] = [testKey(1), testKey(2)];
  const entries = begun(device, recovery);
  const keys = { signer: recovery, recovery: recovery.publicKey, acceptor: recovery };
  while (entries.length < 1025) {
    entries.push(madeEntry({ after: entries, op: OP.recovery, ...keys }));
  }
  const log = readLog(entries.slice(0, 1024), { user_id: USER });
  expect(log.seq).toBe(1024);
  expect(() => extendLog(log, entries[1024]!)).toThrow("is past seq 1024");
});
