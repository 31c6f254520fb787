import { describe, expect, it } from "vitest";
import { DecodeError, KeyError, ValidationError } from "../../src/index.js";
import { deviceOf, devicesAt, logsArgument } from "../../src/mls/chat-logs.js";
import { type Credential, encodeCredential } from "../../src/mls/credential.js";
import {
  Device,
  DeviceLog,
  DeviceLogError,
  extendLog,
  makeEntry,
  RecoveryKey,
  readDeviceLink,
  readLog,
  readRecoveryKey,
  writeDeviceLink,
} from "../../src/mls/index.js";
import { counting, toHex } from "../support/hex.js";
import { begun, testKey, withDevice, withoutDevice } from "../support/log-entries.js";

const NOW = 1_700_000_000;
const user_id = 7;
const code = (code: DeviceLogError["code"]) => expect.objectContaining({ code });
const INVALID = code("ERR_DEVICE_LOG_INVALID");

async function account() {
  const { device, entry, recoveryKey } = await Device.begin({ user_id, now: NOW });
  return { device, recoveryKey, log: extendLog(undefined, entry, user_id) };
}

/** Adds a new device to a log as a user does: with the text that it shows, and the acceptance that it leaves. */
async function linked(log: DeviceLog, signer: Device | RecoveryKey) {
  const device = await Device.generate({ user_id });
  const { publicKey } = readDeviceLink(writeDeviceLink(device.publicKey));
  const acceptance = await device.accept(log, NOW);
  const entry = await makeEntry(log, { op: "add", signer, publicKey, acceptance, now: NOW });
  return { device, entry, log: extendLog(log, entry) };
}

describe("Device", () => {
  it("begins a log, whose entry names the device and the recovery key", async () => {
    const { device, recoveryKey, log } = await account();
    expect(log.devices).toEqual([{ id: device.id, publicKey: device.publicKey, addedAt: NOW }]);
    expect(log.recoveryPublicKey).toEqual(recoveryKey.publicKey);
    expect(log.entries).toMatchObject([{ seq: 1, op: "begin", time: NOW, signer: device.id }]);
    expect(log.base).toEqual(log.head);
  });

  it("loads from its exported key, if it is extractable", async () => {
    const device = await Device.generate({ user_id, extractable: true });
    const loaded = await Device.from(device.export(), { user_id });
    expect([loaded.id, loaded.user_id]).toEqual([device.id, user_id]);
    expect(() => loaded.export()).toThrow(KeyError);
    const { device: first } = await account();
    expect(() => first.export()).toThrow(KeyError);
  });

  it.runIf(crypto.subtle !== undefined)(
    "loads from its CryptoKey, which is not extractable",
    async () => {
      const { device, log } = await account();
      const { cryptoKey, publicKey } = device;
      // Some browsers have WebCrypto without Ed25519.
      if (cryptoKey === undefined) return;
      expect(cryptoKey).toMatchObject({ extractable: false, usages: ["sign"] });
      const loaded = await Device.from(cryptoKey, { user_id, publicKey });
      await expect(linked(log, loaded)).resolves.toMatchObject({ log: { seq: 2 } });
      const other = await Device.generate({ user_id });
      const mismatched = Device.from(cryptoKey, { user_id, publicKey: other.publicKey });
      await expect(mismatched).rejects.toThrow("the public key is not that of the private key");
      await expect(Device.from(cryptoKey, { user_id })).rejects.toThrow(KeyError);
    },
  );

  it("rejects keys that no device can have, and users that do not exist", async () => {
    for (const key of [new Uint8Array(32), new Uint8Array(31).fill(1), {} as CryptoKey]) {
      await expect(Device.from(key, { user_id })).rejects.toThrow(KeyError);
    }
    for (const id of [0, -1, 1.5, 2 ** 53, Number.NaN]) {
      await expect(Device.generate({ user_id: id })).rejects.toThrow(ValidationError);
    }
  });

  it("accepts to be added to the log of its own user only", async () => {
    const { log } = await account();
    const device = await Device.generate({ user_id: 8 });
    await expect(device.accept(log, NOW)).rejects.toThrow(INVALID);
  });
});

describe("makeEntry", () => {
  it("adds a device, which the new device and the signer agreed to", async () => {
    const { device, log } = await account();
    const added = await linked(log, device);
    expect(added.log.devices.map(({ id }) => id)).toEqual([device.id, added.device.id]);
    expect(added.log.base).toEqual(log.base);
    expect(added.log.entries.at(-1)).toMatchObject({
      ...{ seq: 2, op: "add", signer: device.id, subject: added.device.id },
      bytes: added.entry,
    });
  });

  it("recovers an account: adds a device by the recovery key, removes the lost one, replaces the key", async () => {
    const { device: lost, recoveryKey, log } = await account();
    const read = await readRecoveryKey(recoveryKey.toText());
    const { device, log: two } = await linked(log, read);
    const removal = { op: "remove", signer: read, device: lost.id, now: NOW } as const;
    const three = extendLog(two, await makeEntry(two, removal));
    expect(three.devices.map(({ id }) => id)).toEqual([device.id]);
    const next = await RecoveryKey.generate();
    const replacement = { op: "recovery", signer: read, recoveryKey: next, now: NOW } as const;
    const four = extendLog(three, await makeEntry(three, replacement));
    expect(four.recoveryPublicKey).toEqual(next.publicKey);
    expect(four.entries.slice(2)).toMatchObject([
      { op: "remove", subject: lost.id },
      { op: "recovery" },
    ]);
    for (const { signer } of four.entries.slice(1)) expect(signer).toBeUndefined();
    await expect(makeEntry(four, { ...removal, device: device.id })).rejects.toThrow(INVALID);
  });

  it("uses an acceptance for the signer, the device, the log and the time that it names only", async () => {
    const { device, recoveryKey, log } = await account();
    const fresh = await Device.generate({ user_id });
    const acceptance = await fresh.accept(log, NOW);
    const change = { op: "add", publicKey: fresh.publicKey, acceptance, now: NOW } as const;
    const { log: later, device: second } = await linked(log, device);
    const wrong: [DeviceLog, Parameters<typeof makeEntry>[1]][] = [
      [later, { ...change, signer: device }],
      [log, { ...change, signer: second }],
      [log, { ...change, signer: device, publicKey: second.publicKey }],
      [log, { ...change, signer: device, now: NOW + 601 }],
      [log, { ...change, signer: device, now: NOW - 601 }],
      [log, { ...change, signer: device, acceptance: acceptance.slice(225) }],
      [log, { ...change, signer: device, acceptance: acceptance.slice(0, -226) }],
      [log, { ...change, signer: device, acceptance: new Uint8Array(225) }],
    ];
    for (const [of, one] of wrong) await expect(makeEntry(of, one)).rejects.toThrow(INVALID);
    const forged = {
      ...change,
      signer: device,
      acceptance: acceptance.with(224, acceptance[224]! ^ 1),
    };
    await expect(makeEntry(log, forged)).rejects.toThrow("does not have the right acceptance");
    for (const signer of [device, recoveryKey]) {
      for (const now of [NOW + 600, NOW - 600]) {
        expect(extendLog(log, await makeEntry(log, { ...change, signer, now })).seq).toBe(2);
      }
    }
  });

  it("makes no entry that the log does not permit", async () => {
    const { device, recoveryKey, log } = await account();
    const removal = { op: "remove", signer: device, now: NOW } as const;
    await expect(makeEntry(log, { ...removal, device: "0".repeat(32) })).rejects.toThrow(INVALID);
    const next = await RecoveryKey.generate();
    const byDevice = { op: "recovery", signer: device, recoveryKey: next, now: NOW } as const;
    await expect(makeEntry(log, byDevice)).rejects.toThrow(INVALID);
    await expect(makeEntry(log, { ...byDevice, signer: next })).rejects.toThrow(INVALID);
    await expect(makeEntry(log, { ...byDevice, signer: recoveryKey, now: -1 })).rejects.toThrow(
      ValidationError,
    );
  });
});

describe("extendLog and readLog", () => {
  const [first, second, recovery] = [testKey(1), testKey(2), testKey(3)];
  const one = begun(first, recovery);
  const two = withDevice(one, first, second);
  const removed = withoutDevice(one, first, first);

  it("return the same log for an entry that it has", () => {
    const log = readLog(two, { user_id });
    for (const entry of two) expect(extendLog(log, entry)).toBe(log);
  });

  it("leave the log that is extended as it was", () => {
    const log = readLog(one, { user_id });
    extendLog(log, two[1]!);
    expect([log.seq, log.devices.length]).toEqual([1, 1]);
  });

  it("report both entries of a fork", () => {
    const log = readLog(two, { user_id });
    try {
      extendLog(log, removed[1]!);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DeviceLogError);
      expect(error).toMatchObject({ code: "ERR_DEVICE_LOG_FORK", entries: [two[1], removed[1]] });
    }
  });

  it("take a log as the pin of a later one", () => {
    const pin = readLog(one, { user_id });
    expect(readLog(two, { user_id, pin }).seq).toBe(2);
    const other = readLog(removed, { user_id });
    expect(() => readLog(two, { user_id, pin: other })).toThrow(code("ERR_DEVICE_LOG_FORK"));
    const behind = () => readLog(one, { user_id, pin: other });
    expect(behind).toThrow("the device log has 1 entries, and had 2: fetch it again");
  });

  it("do not verify again what the caller verified, and verify what follows", () => {
    const [device, third] = [testKey(1), testKey(4)];
    const three = withDevice(two, device, third);
    const damaged = three.map((entry) => entry.slice());
    damaged[1]!.fill(0, 161);
    const { seq, head } = readLog(two, { user_id });
    const verified = { seq, head };
    expect(() => readLog(damaged, { user_id })).toThrow(INVALID);
    expect(readLog(damaged, { user_id, verified })).toMatchObject({ seq: 3 });
    expect(readLog(damaged.slice(0, 2), { user_id, verified }).devices).toHaveLength(2);
    damaged[2]!.fill(0, 161);
    expect(() => readLog(damaged, { user_id, verified })).toThrow(INVALID);
  });

  it("reject other or fewer entries than those that the caller verified", () => {
    const { seq, head } = readLog(two, { user_id });
    const others = [removed, one, [], [...two].reverse(), [one[0]!, one[0]!]];
    for (const entries of others) {
      expect(() => readLog(entries, { user_id, verified: { seq, head } })).toThrow(INVALID);
    }
    for (const verified of [{ seq: 0, head }, { seq, head: head.slice(1) }, {} as never]) {
      expect(() => readLog(two, { user_id, verified })).toThrow(ValidationError);
    }
    expect(() => readLog(two, { user_id: 8, verified: { seq, head } })).toThrow(INVALID);
  });

  it("reject a log without entries, one of another user, and an entry that is there twice", () => {
    expect(() => readLog([], { user_id })).toThrow(INVALID);
    expect(() => readLog(one, { user_id: 8 })).toThrow(INVALID);
    expect(() => readLog([...one, ...one], { user_id })).toThrow(INVALID);
    expect(() => extendLog(undefined, one[0]!)).toThrow(ValidationError);
    expect(() => extendLog(readLog(one, { user_id }), two[1]!, 8)).toThrow(ValidationError);
  });
});

/** Returns whether a leaf with this credential and key is a device of a log, as the rules of MLS chats find it. */
function isDeviceOf(log: DeviceLog, credential: Credential, signatureKey: Uint8Array): boolean {
  const read = logsArgument([log]);
  try {
    const { user_id, device } = deviceOf({ identity: encodeCredential(credential), signatureKey });
    const own = read.get(user_id);
    return own !== undefined && devicesAt(own, own.seq).has(device);
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

describe("the device of a leaf", () => {
  it("accepts a credential of a device that is in the log, with its own key", async () => {
    const { device, log } = await account();
    const { device: second, log: two } = await linked(log, device);
    const credential = { user_id, device: second.id };
    expect(isDeviceOf(two, credential, second.publicKey)).toBe(true);
    expect(isDeviceOf(log, credential, second.publicKey)).toBe(false);
    expect(isDeviceOf(two, credential, device.publicKey)).toBe(false);
    expect(isDeviceOf(two, { ...credential, user_id: 8 }, second.publicKey)).toBe(false);
    expect(isDeviceOf(two, { ...credential, device: device.id }, second.publicKey)).toBe(false);
    const removal = { op: "remove", signer: device, device: second.id, now: NOW } as const;
    const three = extendLog(two, await makeEntry(two, removal));
    expect(isDeviceOf(three, credential, second.publicKey)).toBe(false);
  });
});

it("an object of a caller is no Device, DeviceLog or RecoveryKey", async () => {
  const { device, log } = await account();
  const fakes = [Object.create(DeviceLog.prototype), { ...log, user_id }, Object.create(log)];
  const change = { op: "remove", signer: device, device: device.id, now: NOW } as const;
  for (const fake of fakes) await expect(makeEntry(fake, change)).rejects.toThrow(ValidationError);
  for (const signer of [{ publicKey: device.publicKey }, Object.create(device)]) {
    await expect(makeEntry(log, { ...change, signer })).rejects.toThrow(ValidationError);
  }
  for (const Class of [DeviceLog, RecoveryKey, Device]) {
    expect(() => Reflect.construct(Class, [counting(32), user_id])).toThrow(/ERR|must be|use /);
  }
  expect(toHex(log.head)).toHaveLength(64);
});
