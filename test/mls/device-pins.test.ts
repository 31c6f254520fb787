import { sha256 } from "@noble/hashes/sha2.js";
import { expect, it } from "vitest";
import { isEd25519PublicKey, signerFromSeed } from "../../src/crypto/ed25519.js";
import { expandSha256 } from "../../src/crypto/hkdf.js";
import { deviceId } from "../../src/mls/device-id.js";
import { historyPublicKey } from "../../src/mls/engine.js";
import {
  Device,
  type DeviceLog,
  DeviceLogError,
  extendLog,
  readLog,
  readRecoveryKey,
  safetyNumber,
} from "../../src/mls/index.js";
import { fingerprint } from "../../src/mls/safety-number.js";
import { hex, toHex } from "../support/hex.js";
import { describeWithVectors, readVectors } from "../support/vectors.js";

interface Pins {
  devices: Record<string, { seed: string; public_key: string; device: string }>;
  log: {
    user: number;
    entries: string[];
    heads: string[];
    bases: string[];
    invalid: { why: string; after_seq: number; entry: string }[];
  };
  recovery: Record<
    "key" | "text" | "sign_public_key" | "sign_seed" | "kem_seed" | "kem_public_key_sha256",
    string
  >;
  safety_number: {
    alice_after_entry_1: string;
    alice_after_entry_2: string;
    alice_after_entry_3: string;
    bob_entries: string[];
    bob_user: number;
    libsignal: Record<"alice_key" | "alice_id" | "bob_key" | "bob_id" | "digits", string>;
  };
}

const pins = await readVectors<Pins>("lacre/device-log-pins.json");

describeWithVectors("the pinned bytes of devices", () => {
  const readUpTo = (seq: number) =>
    readLog(pins.log.entries.slice(0, seq).map(hex), { user_id: pins.log.user });

  it("have their public keys and ids", async () => {
    for (const { seed, public_key, device } of Object.values(pins.devices)) {
      const loaded = await Device.from(hex(seed), { user_id: pins.log.user });
      expect([toHex(loaded.publicKey), loaded.id]).toEqual([public_key, device]);
      expect(isEd25519PublicKey(hex(public_key))).toBe(true);
      expect(deviceId(hex(public_key))).toBe(device);
    }
  });

  it("are logs with their heads and bases", () => {
    for (const [at, head] of pins.log.heads.entries()) {
      const log = readUpTo(at + 1);
      expect([log.seq, toHex(log.head), toHex(log.base)]).toEqual([
        at + 1,
        head,
        pins.log.bases[at],
      ]);
      expect(log.entries.map(({ bytes }) => toHex(bytes))).toEqual(
        pins.log.entries.slice(0, at + 1),
      );
    }
  });

  it("are rejected if they are invalid", () => {
    expect(pins.log.invalid).toHaveLength(11);
    for (const { why, after_seq, entry } of pins.log.invalid) {
      const log: DeviceLog | undefined = after_seq === 0 ? undefined : readUpTo(after_seq);
      const extend = () => extendLog(log, hex(entry), pins.log.user);
      expect(extend, why).toThrow(DeviceLogError);
      expect(extend, why).toThrow(expect.objectContaining({ code: "ERR_DEVICE_LOG_INVALID" }));
    }
  });

  it("are a recovery key and its text", async () => {
    const { key, text, sign_public_key, sign_seed, kem_seed, kem_public_key_sha256 } =
      pins.recovery;
    const read = await readRecoveryKey(text);
    expect([read.toText(), toHex(read.publicKey)]).toEqual([text, sign_public_key]);
    for (const [name, seed] of Object.entries({ sign: sign_seed, kem: kem_seed })) {
      expect(toHex(expandSha256(hex(key), `lacre/e2e/2/recovery-${name}\0`, 32))).toBe(seed);
    }
    expect(toHex((await signerFromSeed(hex(sign_seed))).publicKey)).toBe(sign_public_key);
    expect(toHex(sha256(historyPublicKey(hex(kem_seed))))).toBe(kem_public_key_sha256);
  });

  it("are safety numbers, that of libsignal among them", async () => {
    const { bob_entries, bob_user, libsignal } = pins.safety_number;
    const bob = readLog(bob_entries.map(hex), { user_id: bob_user });
    for (const seq of [1, 2, 3] as const) {
      const number = await safetyNumber(readUpTo(seq), bob);
      expect(number).toBe(pins.safety_number[`alice_after_entry_${seq}`]);
    }
    const halves = [
      fingerprint(hex(libsignal.alice_key), libsignal.alice_id),
      fingerprint(hex(libsignal.bob_key), libsignal.bob_id),
    ];
    expect(halves.sort().join("")).toBe(libsignal.digits);
  });
});
