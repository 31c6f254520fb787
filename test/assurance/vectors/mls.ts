import { deviceId } from "../../../src/mls/device-id.js";
import { type DeviceLog, readLog } from "../../../src/mls/index.js";
import type {
  InvalidLogEntry,
  MlsVectors,
  PinnedLog,
  ValidDeviceLog,
} from "../../../src/testing/mls-vectors.js";
import type { InvalidVector, Vector } from "../../../src/testing/vectors.js";
import * as unusual from "../../support/ed25519.js";
import { hex, toHex } from "../../support/hex.js";
import {
  begun,
  type EntryFields,
  headOf,
  joinBytes,
  madeEntry,
  OP,
  type TestKey,
  testKey,
  withDevice,
  withoutDevice,
  withRecovery,
  withReset,
  ZEROS,
} from "../../support/log-entries.js";
import { chats } from "./mls-chats.js";
import { history } from "./mls-history.js";
import { texts } from "./mls-texts.js";
import { errors, rejection } from "./notation.js";

const USER = 7;
const [first, second, third] = [testKey(0xa1), testKey(0xa2), testKey(0xa3)];
const [stranger, recovery, newRecovery] = [testKey(0xe1), testKey(0xf1), testKey(0xf2)];

const ONE = begun(first, recovery);
const TWO = withDevice(ONE, first, second);
const REMOVED = withoutDevice(TWO, first, second);
const RESET = withReset(TWO, third, newRecovery);
const full = (keys: readonly TestKey[]) =>
  keys.reduce((log, key) => withDevice(log, first, key), ONE);
const EIGHT = full([2, 3, 4, 5, 6, 7, 8].map(testKey));

const hexOf = (entries: readonly Uint8Array[]) => entries.map(toHex);

function log(name: string, entries: readonly Uint8Array[], user_id = USER): ValidDeviceLog {
  const read: DeviceLog = readLog(entries, { user_id });
  return {
    ...{ name, requirement: "A-4", user_id, entries: hexOf(entries) },
    head: toHex(read.head),
    base: toHex(read.base),
    recovery_public_key: toHex(read.recoveryPublicKey),
    devices: read.devices.map(({ id }) => id),
  };
}

function rejected(
  name: string,
  after: readonly Uint8Array[],
  entry: Uint8Array,
  error: InvalidVector["error"] = errors.entry,
): InvalidLogEntry {
  const requirement = error === errors.fork ? "A-5" : "A-4";
  return {
    ...rejection(requirement, name, error),
    user_id: USER,
    log: hexOf(after),
    entry: toHex(entry),
  };
}

/** Returns a vector of an entry that follows `after` except for the given fields. */
function wrong(
  name: string,
  after: readonly Uint8Array[],
  fields: Omit<EntryFields, "after">,
  error?: InvalidVector["error"],
): InvalidLogEntry {
  return rejected(name, after, madeEntry({ after, ...fields }), error);
}

const beginning = {
  ...{ op: OP.begin, signer: first, subject: first.publicKey },
  ...{ recovery: recovery.publicKey, acceptor: recovery },
} satisfies EntryFields;
const adding = {
  ...{ op: OP.add, signer: first, subject: third.publicKey, acceptor: third },
} satisfies EntryFields;
const removing = { op: OP.remove, signer: first, subject: second.publicKey } satisfies EntryFields;
const replacing = {
  ...{ op: OP.recovery, signer: recovery, recovery: newRecovery.publicKey, acceptor: newRecovery },
} satisfies EntryFields;

const resetting = {
  ...{ op: OP.reset, signer: third, subject: third.publicKey },
  ...{ recovery: newRecovery.publicKey, acceptor: newRecovery },
} satisfies EntryFields;

const flipped = (at: number) => (bytes: Uint8Array) =>
  bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
const withKey = (publicKey: Uint8Array): TestKey => ({ publicKey, sign: () => new Uint8Array(64) });

/** A signature with R of small order: R is the identity, and S = k × a. */
const zeroNonce = unusual.unusualKey(3n, { nonce: 0n });
const mixedCommitment = unusual.unusualKey(3n, { mixedCommitment: true });
const mixedKey = unusual.unusualKey(3n, { mixedKey: true });
const addingUnusual = (key: TestKey, time = 0) => ({
  ...{ op: OP.add, signer: first, subject: key.publicKey, acceptor: key, time },
});

/** Returns an entry whose acceptance fulfils the equation without the cofactor, though the key has a component of small order. */
function mixedEntry(): Uint8Array {
  for (let time = 0; ; time++) {
    const entry = madeEntry({ after: ONE, ...addingUnusual(mixedKey, time) });
    const accepted = joinBytes(new TextEncoder().encode("lacre/log-accept/1\0"), headOf(entry));
    if (unusual.fulfilsEquation(mixedKey.publicKey, accepted, entry.subarray(225))) return entry;
  }
}

const badKeys = [
  ...unusual.SMALL_ORDER.map((key, at) => [`of small order, ${at + 1} of 8`, key] as const),
  ...unusual.NOT_CANONICAL.map(
    (key, at) => [`that is not canonical, ${at + 1} of 6`, key] as const,
  ),
  ["that is not a point", unusual.NOT_ON_CURVE] as const,
  ["with a component of small order", toHex(mixedKey.publicKey)] as const,
];

const every = (fields: EntryFields) => [
  ...[0, 63].map((at) => ({
    ...fields,
    change: flipped(at),
    name: `a changed signature, byte ${at}`,
  })),
  { ...fields, change: unusual.withoutReduction, name: "a signature with S + L" },
  { ...fields, change: () => new Uint8Array(64), name: "a signature of zeros" },
  { ...fields, signedBy: stranger, name: "a signature of another key" },
];
const everyAcceptance = (fields: EntryFields) => [
  { ...fields, changeAcceptance: flipped(0), name: "a changed acceptance" },
  { ...fields, changeAcceptance: unusual.withoutReduction, name: "an acceptance with S + L" },
  { ...fields, acceptor: undefined, name: "an acceptance of zeros" },
  { ...fields, acceptor: stranger, name: "an acceptance of another key" },
  { ...fields, acceptor: first, subject: second.publicKey, name: "an acceptance of the signer" },
];

const [TWO_ENTRY, REMOVAL] = [TWO[1]!, REMOVED[2]!];
const otherSecond = madeEntry({ after: ONE, ...removing, subject: first.publicKey });

const invalid: InvalidLogEntry[] = [
  rejected("no bytes", [], new Uint8Array()),
  rejected("a byte less", ONE, TWO_ENTRY.slice(0, -1)),
  rejected("a byte more", ONE, joinBytes(TWO_ENTRY, Uint8Array.of(0))),
  wrong("another label", ONE, { ...adding, label: "lacre/log/2\0" }),
  wrong("a label without its end", ONE, { ...adding, label: "lacre/log/10" }),
  wrong("another user", ONE, { ...adding, user: 8 }),
  wrong("a first entry of another user", [], { ...beginning, user: 8 }),
  wrong("user 0", [], { ...beginning, user: 0 }),
  wrong("user 2^53", [], { ...beginning, user: 2 ** 53 }),
  wrong("user 2^53 + 7", [], { ...beginning, user: 2n ** 53n + 7n }),
  wrong("seq 0", [], { ...beginning, seq: 0 }),
  wrong("a first entry with seq 2", [], { ...beginning, seq: 2 }),
  wrong("a seq that leaves one out", ONE, { ...adding, seq: 3 }),
  wrong("the largest seq", ONE, { ...adding, seq: 2 ** 32 - 1 }),
  wrong("a first entry that refers to another", [], { ...beginning, previous: headOf(ONE[0]!) }),
  wrong("no reference to the entry before", ONE, {
    ...adding,
    previous: ZEROS,
    signedBy: stranger,
  }),
  wrong("a time of 2^53 ms", ONE, { ...adding, time: 2 ** 53 }),
  wrong("a time after 10^14 ms", ONE, { ...adding, time: 1e14 + 1 }),
  ...[0, 5, 6, 255].map((op) => wrong(`op ${op}`, ONE, { ...adding, op })),
  ...[OP.add, OP.remove, OP.recovery, OP.reset].map((op) =>
    wrong(`a first entry with op ${op}`, [], { ...beginning, op }),
  ),
  wrong("a log that begins again", ONE, beginning),
  wrong("a beginning that is signed by the recovery key", [], { ...beginning, signer: recovery }),
  wrong("a beginning that is signed by another device", [], { ...beginning, signer: second }),
  wrong("a beginning without a recovery key", [], { ...beginning, recovery: ZEROS }),
  wrong("a beginning that the device accepts", [], { ...beginning, acceptor: first }),
  wrong("a reset that is signed by a device of the log", ONE, { ...resetting, signer: first }),
  wrong("a reset that is signed by the recovery key", ONE, { ...resetting, signer: recovery }),
  wrong("a reset without a recovery key", ONE, { ...resetting, recovery: ZEROS }),
  wrong("a reset that the device accepts", ONE, { ...resetting, acceptor: third }),
  wrong("a reset by a device of the log", TWO, {
    ...{ ...resetting, signer: second, subject: second.publicKey },
  }),
  wrong("a reset by a removed device", REMOVED, {
    ...{ ...resetting, signer: second, subject: second.publicKey },
  }),
  wrong("an addition of a device that the log had before a reset", RESET, {
    ...{ ...adding, signer: third, subject: second.publicKey, acceptor: second },
  }),
  wrong("an addition that is signed by a device from before a reset", RESET, {
    ...{ ...adding, subject: stranger.publicKey, acceptor: stranger },
  }),
  wrong("a removal that is signed by a recovery key from before a reset", RESET, {
    ...{ ...removing, signer: recovery, subject: third.publicKey },
  }),
  wrong("a removal of a device from before a reset", RESET, {
    ...{ ...removing, signer: third, subject: first.publicKey },
  }),
  wrong("an addition that is signed by a device outside the log", ONE, {
    ...adding,
    signer: stranger,
  }),
  wrong("an addition that is signed by the new device", ONE, { ...adding, signer: third }),
  wrong("an addition that is signed by a removed device", REMOVED, { ...adding, signer: second }),
  wrong("an addition with a recovery key", ONE, { ...adding, recovery: newRecovery.publicKey }),
  wrong("an addition of a device of the log", TWO, {
    ...adding,
    subject: second.publicKey,
    acceptor: second,
  }),
  wrong("an addition of a removed device", REMOVED, {
    ...adding,
    subject: second.publicKey,
    acceptor: second,
  }),
  wrong("a ninth device", EIGHT, adding),
  wrong("a ninth device, added by the recovery key", EIGHT, { ...adding, signer: recovery }),
  wrong("a removal that is signed by a device outside the log", TWO, {
    ...removing,
    signer: stranger,
  }),
  wrong("a removal that is signed by a removed device", REMOVED, {
    ...removing,
    signer: second,
    subject: first.publicKey,
  }),
  wrong("a removal of a device outside the log", ONE, removing),
  wrong("a second removal", REMOVED, removing),
  wrong("a removal with an acceptance", TWO, { ...removing, acceptor: second }),
  wrong("a removal with a recovery key", TWO, { ...removing, recovery: recovery.publicKey }),
  wrong("a removal of no device", TWO, { ...removing, subject: ZEROS }),
  wrong("a new recovery key that is signed by a device", ONE, { ...replacing, signer: first }),
  wrong("a new recovery key that is signed by itself", ONE, { ...replacing, signer: newRecovery }),
  wrong(
    "a new recovery key that is signed by the one before",
    withRecovery(ONE, recovery, newRecovery),
    { ...replacing, recovery: stranger.publicKey, acceptor: stranger },
  ),
  wrong("a new recovery key with a subject", ONE, { ...replacing, subject: first.publicKey }),
  wrong("no new recovery key", ONE, { ...replacing, recovery: ZEROS }),
  wrong("a new recovery key that the old one accepts", ONE, { ...replacing, acceptor: recovery }),
  wrong(
    "a removal that is signed by a replaced recovery key",
    withRecovery(TWO, recovery, newRecovery),
    { ...removing, signer: recovery },
  ),
  ...every(removing).map(({ name, ...fields }) => wrong(`${name}, of a removal`, TWO, fields)),
  ...everyAcceptance(adding).map(({ name, ...fields }) =>
    wrong(`${name}, of an addition`, ONE, fields),
  ),
  ...everyAcceptance(replacing)
    .slice(0, 4)
    .map(({ name, ...fields }) => wrong(`${name}, of a new recovery key`, ONE, fields)),
  ...badKeys.map(([name, key]) =>
    wrong(`a device key ${name}`, ONE, {
      ...adding,
      subject: hex(key),
      acceptor: withKey(hex(key)),
    }),
  ),
  ...badKeys.map(([name, key]) =>
    wrong(`a recovery key ${name}`, [], {
      ...beginning,
      recovery: hex(key),
      acceptor: withKey(hex(key)),
    }),
  ),
  wrong("an acceptance whose R is the identity", ONE, addingUnusual(zeroNonce)),
  wrong(
    "an acceptance whose R has a component of small order",
    ONE,
    addingUnusual(mixedCommitment),
  ),
  wrong(
    "a key with a component of small order, and the equation with the cofactor",
    ONE,
    addingUnusual(mixedKey),
  ),
  rejected(
    "a key with a component of small order, and the equation without the cofactor",
    ONE,
    mixedEntry(),
  ),
  rejected("another entry at a seq of the log", TWO, otherSecond, errors.fork),
  rejected("a reset at a seq of the log", TWO, withReset(ONE, third, newRecovery)[1]!, errors.fork),
  rejected("another first entry", TWO, begun(second, recovery)[0]!, errors.fork),
  rejected(
    "the next entry of another log",
    TWO,
    withoutDevice([...ONE, otherSecond], first, second)[2]!,
    errors.fork,
  ),
  rejected(
    "another entry at a seq of the log, of a stranger",
    TWO,
    madeEntry({ after: ONE, ...adding, signer: stranger }),
  ),
];

function pinned(
  name: string,
  entries: readonly Uint8Array[],
  pin: Uint8Array,
  seq: number,
): PinnedLog & Vector {
  return {
    name,
    requirement: "A-5",
    user_id: USER,
    entries: hexOf(entries),
    pin: { seq, head: toHex(pin) },
  };
}

const unpinned = (
  name: string,
  error: InvalidVector["error"],
  ...[entries, pin, seq]: [readonly Uint8Array[], Uint8Array, number]
): PinnedLog & InvalidVector => ({
  ...pinned(name, entries, pin, seq),
  ...rejection("A-5", name, error),
});

export const mls: MlsVectors = {
  valid: [
    log("a first device", ONE),
    log("the largest user id", begun(first, recovery, 2 ** 53 - 1), 2 ** 53 - 1),
    log("a first device at time 0", [madeEntry({ ...beginning, time: 0 })]),
    log("a first device at the latest time", [madeEntry({ ...beginning, time: 1e14 })]),
    log("a second device", TWO),
    log("a device that a later device added", withDevice(TWO, second, third)),
    log("a device that the recovery key added", withDevice(ONE, recovery, second)),
    log("a removed device", REMOVED),
    log("a device that removed itself", withoutDevice(TWO, second, second)),
    log("a device that the recovery key removed", withoutDevice(TWO, recovery, first)),
    log("no device", withoutDevice(ONE, first, first)),
    log("a recovered account", withoutDevice(withDevice(ONE, recovery, second), recovery, first)),
    log("a new recovery key", withRecovery(ONE, recovery, newRecovery)),
    log(
      "a device that the new recovery key added",
      withDevice(withRecovery(ONE, recovery, newRecovery), newRecovery, second),
    ),
    log("eight devices", EIGHT),
    log("a reset", RESET),
    log(
      "a reset of a log without devices",
      withReset(withoutDevice(ONE, first, first), third, newRecovery),
    ),
    log("a second reset", withReset(RESET, stranger, recovery)),
    log("a device that was added after a reset", withDevice(RESET, third, stranger)),
    log("a reset of eight devices", withReset(EIGHT, third, newRecovery)),
    log(
      "eight devices after a removal",
      withDevice(withoutDevice(EIGHT, first, testKey(2)), first, third),
    ),
    log("an entry with an earlier time", [...ONE, madeEntry({ after: ONE, ...adding, time: 1 })]),
  ],
  invalid,
  pins: {
    valid: [
      pinned("the whole log", TWO, headOf(TWO_ENTRY), 2),
      pinned("a part of the log", REMOVED, headOf(ONE[0]!), 1),
    ],
    invalid: [
      unpinned("a shorter log", errors.behind, TWO, headOf(REMOVAL), 3),
      unpinned("no entries", errors.behind, [], headOf(ONE[0]!), 1),
      unpinned("another last entry", errors.fork, TWO, headOf(otherSecond), 2),
      unpinned("another entry in the middle", errors.fork, REMOVED, headOf(otherSecond), 2),
      unpinned("a log that began again", errors.fork, begun(second, recovery), headOf(ONE[0]!), 1),
    ],
  },
  ...texts,
  ...chats,
  ...history,
  device_keys: {
    valid: [first, second, third].map(({ publicKey }, at) => ({
      name: `a device key, ${at + 1}`,
      requirement: "A-2",
      public_key: toHex(publicKey),
      device: deviceId(publicKey),
    })),
    invalid: [...badKeys, ["of 31 bytes", toHex(first.publicKey.slice(1))] as const].map(
      ([name, key]) => ({
        ...rejection("A-1", `a key ${name}`, errors.key),
        public_key: key,
      }),
    ),
  },
};
