import vectors from "lacre/vectors/mls.json" with { type: "json" };
import { describe, expect, it } from "vitest";
import { isEd25519PublicKey } from "../../src/crypto/ed25519.js";
import { LacreError } from "../../src/index.js";
import { mlsMessageAad } from "../../src/messages/chat-message-aad.js";
import {
  decodeCommitAad,
  decodeNamedLogs,
  encodeCommitAad,
  encodeNamedLogs,
} from "../../src/mls/commit-aad.js";
import { decodeCredential, encodeCredential } from "../../src/mls/credential.js";
import { deviceId } from "../../src/mls/device-id.js";
import {
  type DeviceLog,
  decryptHistory,
  extendLog,
  makeHistoryKey,
  readDeviceLink,
  readHistoryHeader,
  readHistoryKey,
  readKeyPackageHeader,
  readLog,
  readMessageHeader,
  readRecoveryKey,
  safetyNumber,
  writeDeviceLink,
} from "../../src/mls/index.js";
import type { InvalidVector } from "../../src/testing/index.js";
import { hex, toHex } from "../support/hex.js";

/** Checks that each vector is rejected with its error. */
async function areRejected<Invalid extends InvalidVector>(
  invalid: readonly Invalid[],
  take: (vector: Invalid) => unknown,
): Promise<void> {
  for (const vector of invalid) {
    const result = await new Promise((resolve) => resolve(take(vector))).then(
      () => "accepted",
      (error) => error,
    );
    if (!(result instanceof LacreError)) throw new Error(`${vector.name}: ${result}`);
    expect({ class: result.name, code: result.code }, vector.name).toEqual(vector.error);
  }
}

/** Logs of which many vectors begin are verified once. */
const verified = new Map<string, DeviceLog>();

function logOf(entries: readonly string[], user_id: number): DeviceLog | undefined {
  const key = `${user_id} ${entries.join()}`;
  const known = verified.get(key);
  if (known !== undefined || entries.length === 0) return known;
  const log = extendLog(logOf(entries.slice(0, -1), user_id), hex(entries.at(-1)!), user_id);
  verified.set(key, log);
  return log;
}

describe("the vectors of device logs", () => {
  it("are accepted, entry by entry", () => {
    for (const { name, user_id, entries, ...expected } of vectors.valid) {
      const log = logOf(entries, user_id)!;
      expect(toHex(log.head), name).toBe(expected.head);
      expect(toHex(log.base), name).toBe(expected.base);
      expect(toHex(log.recoveryPublicKey), name).toBe(expected.recovery_public_key);
      expect(
        log.devices.map(({ id }) => id),
        name,
      ).toEqual(expected.devices);
    }
  });

  it("are rejected", () =>
    areRejected(vectors.invalid, ({ log, entry, user_id }) =>
      extendLog(logOf(log, user_id), hex(entry), user_id),
    ));

  it("are compared with pins", async () => {
    const read = ({ entries, user_id, pin: { seq, head } }: (typeof vectors.pins.valid)[number]) =>
      readLog(entries.map(hex), { user_id, pin: { seq, head: hex(head) } });
    for (const vector of vectors.pins.valid)
      expect(read(vector).seq, vector.name).toBe(vector.entries.length);
    await areRejected(vectors.pins.invalid, read);
  });
});

describe("the vectors of device keys, links and recovery keys", () => {
  it("have their ids and texts", async () => {
    for (const { name, public_key, device } of vectors.device_keys.valid) {
      expect(isEd25519PublicKey(hex(public_key)), name).toBe(true);
      expect(deviceId(hex(public_key)), name).toBe(device);
    }
    for (const { name, public_key, device, text } of vectors.links.valid) {
      expect(writeDeviceLink(hex(public_key)), name).toBe(text);
      expect(readDeviceLink(text), name).toEqual({ publicKey: hex(public_key), device });
    }
    for (const { name, typed, text, public_key } of vectors.recovery_keys.valid) {
      const key = await readRecoveryKey(typed);
      expect([key.toText(), toHex(key.publicKey)], name).toEqual([text, public_key]);
    }
  });

  it("are rejected", async () => {
    await areRejected(vectors.device_keys.invalid, ({ public_key }) =>
      writeDeviceLink(hex(public_key)),
    );
    await areRejected(vectors.links.invalid, ({ text }) => readDeviceLink(text));
    await areRejected(vectors.recovery_keys.invalid, ({ text }) => readRecoveryKey(text));
  });
});

it("the vectors of safety numbers have their digits, in either order of the users", async () => {
  for (const { name, users, digits } of vectors.safety_numbers) {
    const [own, theirs] = users.map(({ entries, user_id }) => logOf(entries, user_id)!);
    expect(await safetyNumber(own!, theirs!), name).toBe(digits);
    expect(await safetyNumber(theirs!, own!), name).toBe(digits);
  }
});

describe("the vectors of credentials, commits and named logs", () => {
  it("are decoded and encoded", () => {
    for (const { name, bytes, user_id, device } of vectors.credentials.valid) {
      expect(decodeCredential(hex(bytes)), name).toEqual({ user_id, device });
      expect(toHex(encodeCredential({ user_id, device })), name).toBe(bytes);
    }
    for (const { name, bytes, chat_id, client_id, logs } of vectors.commits.valid) {
      const context = {
        ...{ chat_id, client_id },
        logs: logs.map((log) => ({ ...log, head: hex(log.head) })),
      };
      expect(decodeCommitAad(hex(bytes)), name).toEqual(context);
      expect(toHex(encodeCommitAad(context)), name).toBe(bytes);
    }
    for (const { name, bytes, logs } of vectors.named_logs.valid) {
      const named = logs.map((log) => ({ ...log, head: hex(log.head) }));
      expect(decodeNamedLogs(hex(bytes)), name).toEqual(named);
      expect(toHex(encodeNamedLogs(named)), name).toBe(bytes);
    }
  });

  it("are rejected", async () => {
    await areRejected(vectors.credentials.invalid, ({ bytes }) => decodeCredential(hex(bytes)));
    await areRejected(vectors.commits.invalid, ({ bytes }) => decodeCommitAad(hex(bytes)));
    await areRejected(vectors.named_logs.invalid, ({ bytes }) => decodeNamedLogs(hex(bytes)));
  });
});

describe("the vectors of the history", () => {
  it("are decrypted", async () => {
    const { history_keys, history_chunks } = vectors;
    for (const { name, recovery_key, user_id, entries, bytes, id } of history_keys.valid) {
      const recoveryKey = await readRecoveryKey(recovery_key);
      expect(toHex(await makeHistoryKey(recoveryKey, user_id)), name).toBe(bytes);
      expect(readHistoryKey(hex(bytes), logOf(entries, user_id)!), name).toMatchObject({ id });
    }
    for (const {
      name,
      recovery_key,
      user_id,
      entries,
      bytes,
      ...expected
    } of history_chunks.valid) {
      const { chat_id, first_seq, last_seq, messages, pins } = expected;
      const log = logOf(entries, user_id)!;
      const head = { chat_id, first_seq, last_seq };
      expect(readHistoryHeader(hex(bytes), log), name).toMatchObject(head);
      const read = await decryptHistory(await readRecoveryKey(recovery_key), hex(bytes), { log });
      const pinned = pins?.map(({ head, is_verified, ...pin }) => {
        return { ...pin, head: hex(head), isVerified: is_verified };
      });
      const contents = pins
        ? { kind: "pins", pins: pinned }
        : { chat_id, kind: "messages", messages };
      expect(read, name).toEqual(contents);
    }
  });

  it("are rejected", async () => {
    await areRejected(vectors.history_keys.invalid, ({ bytes, entries, user_id }) =>
      readHistoryKey(hex(bytes), logOf(entries, user_id)!),
    );
    await areRejected(vectors.history_chunks.invalid, ({ bytes, entries, user_id }) =>
      readHistoryHeader(hex(bytes), logOf(entries, user_id)!),
    );
  });
});

describe("the vectors of messages and key packages", () => {
  it("have their authenticated data and clear fields", () => {
    for (const { name, bytes, requirement, ...header } of vectors.message_aads) {
      expect(toHex(mlsMessageAad(header)!), name).toBe(bytes);
    }
    for (const { name, bytes, requirement, ...header } of vectors.message_headers.valid) {
      expect(readMessageHeader(hex(bytes)), name).toEqual(header);
    }
    for (const { name, bytes, requirement, public_key, ...header } of vectors.key_package_headers
      .valid) {
      const publicKey = hex(public_key);
      expect(readKeyPackageHeader(hex(bytes)), name).toEqual({ ...header, publicKey });
    }
  });

  it("are rejected", async () => {
    await areRejected(vectors.message_headers.invalid, ({ bytes }) =>
      readMessageHeader(hex(bytes)),
    );
    await areRejected(vectors.key_package_headers.invalid, ({ bytes }) =>
      readKeyPackageHeader(hex(bytes)),
    );
  });
});
