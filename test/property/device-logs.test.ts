import fc from "fast-check";
import { expect, it } from "vitest";
import { deviceId } from "../../src/mls/device-id.js";
import { DeviceLogError, extendLog, readLog } from "../../src/mls/index.js";
import { hex, toHex } from "../support/hex.js";
import {
  begun,
  type TestKey,
  testKey,
  withDevice,
  withoutDevice,
  withRecovery,
} from "../support/log-entries.js";
import { PROPERTY_TIMEOUT, runs } from "../support/runs.js";

const user_id = 7;
const numRuns = runs(100);

/** A change, with numbers that choose the signer and the subject from those that are possible. */
const step = fc.record({
  op: fc.constantFrom("add", "add", "remove", "recovery"),
  signer: fc.nat(),
  subject: fc.nat(),
});

/** A log, and the state that it must lead to. */
interface Model {
  readonly entries: Uint8Array[];
  readonly devices: TestKey[];
  readonly recovery: TestKey;
  readonly base: number;
}

/** Applies a change if the rules permit it. */
function changed(
  model: Model,
  { op, signer, subject }: { op: string; signer: number; subject: number },
) {
  const { entries, devices, recovery } = model;
  const signers = [...devices, recovery];
  const by = signers[signer % signers.length]!;
  const next = testKey(hex((entries.length + 1).toString(16).padStart(64, "0")));
  if (op === "add" && devices.length < 8) {
    return { ...model, entries: withDevice(entries, by, next), devices: [...devices, next] };
  }
  if (op === "remove" && devices.length > 0) {
    const removed = devices[subject % devices.length]!;
    const others = devices.filter((one) => one !== removed);
    return {
      ...model,
      entries: withoutDevice(entries, by, removed),
      devices: others,
      base: entries.length,
    };
  }
  return {
    ...model,
    entries: withRecovery(entries, recovery, next),
    recovery: next,
    base: entries.length,
  };
}

const logs = fc.array(step, { maxLength: 10 }).map((steps) => {
  const [device, recovery] = [testKey(1), testKey(2)];
  const start: Model = { entries: begun(device, recovery), devices: [device], recovery, base: 0 };
  return steps.reduce<Model>(changed, start);
});

it("any sequence of permitted changes is a log with their devices, recovery key and base", {
  timeout: PROPERTY_TIMEOUT,
}, () => {
  fc.assert(
    fc.property(logs, ({ entries, devices, recovery, base }) => {
      const log = readLog(entries, { user_id });
      expect(log.seq).toBe(entries.length);
      expect(log.devices.map(({ id }) => id)).toEqual(
        devices.map((one) => deviceId(one.publicKey)),
      );
      expect(toHex(log.recoveryPublicKey)).toBe(toHex(recovery.publicKey));
      expect(log.base).toEqual(log.entries[base]!.head);
    }),
    { numRuns },
  );
});

it("an entry with a changed byte is rejected", { timeout: PROPERTY_TIMEOUT }, () => {
  fc.assert(
    fc.property(logs, fc.nat(288), fc.integer({ min: 1, max: 255 }), ({ entries }, at, change) => {
      const before = entries.slice(0, -1);
      const log = before.length === 0 ? undefined : readLog(before, { user_id });
      const entry = entries.at(-1)!;
      const other = entry.map((byte, index) => (index === at ? byte ^ change : byte));
      expect(() => extendLog(log, other, user_id)).toThrow(DeviceLogError);
      expect(extendLog(log, entry, user_id).seq).toBe(entries.length);
    }),
    { numRuns },
  );
});

it("an entry of a log is rejected at any other position", { timeout: PROPERTY_TIMEOUT }, () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.nat(), ({ entries }, position, other) => {
      const at = position % entries.length;
      const log = at === 0 ? undefined : readLog(entries.slice(0, at), { user_id });
      const entry = entries[other % entries.length]!;
      if (other % entries.length <= at) return;
      expect(() => extendLog(log, entry, user_id)).toThrow(DeviceLogError);
    }),
    { numRuns },
  );
});
