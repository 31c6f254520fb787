import { encodeCommitAad } from "../../../src/mls/commit-aad.js";
import { encodeCredential } from "../../../src/mls/credential.js";
import { deviceId } from "../../../src/mls/device-id.js";
import { readLog, readRecoveryKey, safetyNumber, writeDeviceLink } from "../../../src/mls/index.js";
import type {
  InvalidLayout,
  InvalidText,
  MlsVectors,
  SafetyNumber,
  ValidCommitAad,
  ValidCredential,
  ValidRecoveryKey,
} from "../../../src/testing/mls-vectors.js";
import { NOT_CANONICAL, SMALL_ORDER } from "../../support/ed25519.js";
import { counting, hex, toHex, utf8 } from "../../support/hex.js";
import {
  begun,
  joinBytes,
  testKey,
  withDevice,
  withoutDevice,
  withRecovery,
} from "../../support/log-entries.js";
import { errors, rejection } from "./notation.js";

const [first, second, recovery, newRecovery] = [0xa1, 0xa2, 0xf1, 0xf2].map(testKey);
const [bob, bobsRecovery] = [0xb1, 0xf3].map(testKey);
const ONE = begun(first!, recovery!);
const BOBS = begun(bob!, bobsRecovery!, 9);

const LINK = writeDeviceLink(second!.publicKey);
const linkOf = (key: string) =>
  `lacre-device:${Buffer.from(joinBytes(hex(key), hex(deviceId(hex(key))).slice(0, 3))).toString("base64url")}`;

const badLink = (name: string, text: string): InvalidText => ({
  ...rejection("A-12", name, errors.key),
  text,
});

const KEY_TEXT = "1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1857-G39Y";

async function recoveryKey(name: string, typed: string): Promise<ValidRecoveryKey> {
  const key = await readRecoveryKey(typed);
  const [text, public_key] = [key.toText(), toHex(key.publicKey)];
  return { name, requirement: "A-8", typed, text, public_key };
}

const badRecoveryKey = (name: string, text: string): InvalidText => ({
  ...rejection("A-8", name, errors.key),
  text,
});

async function safety(name: string, entries: readonly Uint8Array[]): Promise<SafetyNumber> {
  const users = [
    { user_id: 7, entries: entries.map(toHex) },
    { user_id: 9, entries: BOBS.map(toHex) },
  ];
  const logs = users.map(({ user_id, entries }) => readLog(entries.map(hex), { user_id }));
  return { name, requirement: "A-9", users, digits: await safetyNumber(logs[0]!, logs[1]!) };
}

const DEVICE = deviceId(first!.publicKey);

function credential(name: string, user_id: number, device = DEVICE): ValidCredential {
  const bytes = toHex(encodeCredential({ user_id, device }));
  return { name, requirement: "A-13", bytes, user_id, device };
}

const badCredential = (name: string, bytes: string): InvalidLayout => ({
  ...rejection("A-13", name, errors.malformed),
  bytes,
});

type Commit = Pick<ValidCommitAad, "chat_id" | "client_id" | "logs">;
const HEAD = toHex(counting(32));
const COMMIT: Commit = {
  chat_id: 42,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
  logs: [
    { user_id: 7, seq: 1, head: HEAD },
    { user_id: 9, seq: 3, head: HEAD },
  ],
};

function commit(name: string, changes: Partial<Commit> = {}): ValidCommitAad {
  const value = { ...COMMIT, ...changes };
  const logs = value.logs.map((log) => ({ ...log, head: hex(log.head) }));
  return { name, requirement: "A-14", bytes: toHex(encodeCommitAad({ ...value, logs })), ...value };
}

const VALID = hex(commit("").bytes);
const users = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ user_id: at + 1, seq: 1, head: HEAD }));

const badCommit = (name: string, bytes: Uint8Array): InvalidLayout => ({
  ...rejection("A-14", name, errors.malformed),
  bytes: toHex(bytes),
});
/** Replaces bytes of the valid commit from an offset on. */
const replaced = (at: number, digits: string) =>
  joinBytes(VALID.slice(0, at), hex(digits), VALID.slice(at + digits.length / 2));
const [CHAT, CLIENT, COUNT, LOG] = [15, 23, 39, 41];
const SEQ = LOG + 8;

/** The groups of vectors/mls.json that are not about entries of logs. */
export const texts: Pick<
  MlsVectors,
  "links" | "recovery_keys" | "safety_numbers" | "credentials" | "commits"
> = {
  links: {
    valid: [first!, second!, bob!].map(({ publicKey }, at) => ({
      ...{ name: `a device, ${at + 1}`, requirement: "A-12", public_key: toHex(publicKey) },
      ...{ device: deviceId(publicKey), text: writeDeviceLink(publicKey) },
    })),
    invalid: [
      badLink("no text", ""),
      badLink("another prefix", LINK.replace("lacre-device:", "lacre-devices:")),
      badLink("a prefix in capitals", LINK.replace("lacre", "LACRE")),
      badLink("a missing character", LINK.slice(0, -1)),
      badLink("another character", `${LINK}A`),
      badLink("padding", `${LINK}=`),
      badLink("a typing error in the key", LINK.replace(/:./, ":A")),
      badLink(
        "the id of another device",
        LINK.slice(0, -4) + writeDeviceLink(bob!.publicKey).slice(-4),
      ),
      badLink("unused bits that are not zero", LINK.slice(0, -1) + nextDigit(LINK.at(-1)!)),
      badLink(
        "the alphabet of base64",
        linkOf("fb".repeat(32)).replaceAll("-", "+").replaceAll("_", "/"),
      ),
      badLink("a key of small order", linkOf(SMALL_ORDER[4]!)),
      badLink("a key that is not canonical", linkOf(NOT_CANONICAL[2]!)),
    ],
  },
  recovery_keys: {
    valid: [
      await recoveryKey("as it is written", KEY_TEXT),
      await recoveryKey(
        "in lower case, without separators",
        KEY_TEXT.toLowerCase().replaceAll("-", ""),
      ),
      await recoveryKey("with spaces and line breaks", ` ${KEY_TEXT.replaceAll("-", " \n")}\t`),
      await recoveryKey(
        "with I, L and O",
        KEY_TEXT.replaceAll("1", "I").replaceAll("0", "o").replace("I", "l"),
      ),
    ],
    invalid: [
      badRecoveryKey("no text", ""),
      badRecoveryKey("a missing character", KEY_TEXT.slice(0, -1)),
      badRecoveryKey("another character", `${KEY_TEXT}0`),
      badRecoveryKey("two characters in the wrong order", KEY_TEXT.replace("G39Y", "G93Y")),
      badRecoveryKey("a typing error in the key", KEY_TEXT.replace("1850", "1851")),
      badRecoveryKey("a typing error in the check", KEY_TEXT.replace("G39Y", "G39Z")),
      badRecoveryKey("the letter U", KEY_TEXT.replace("M2GA", "U2GA")),
      badRecoveryKey("a letter that is I in capitals", KEY_TEXT.replace("1", "\u0131")),
      badRecoveryKey("fullwidth digits", KEY_TEXT.replace("1", "\uff11")),
    ],
  },
  safety_numbers: [
    await safety("a first device", ONE),
    await safety("a second device, which changes nothing", withDevice(ONE, first!, second!)),
    await safety(
      "a removed device",
      withoutDevice(withDevice(ONE, first!, second!), first!, second!),
    ),
    await safety("a new recovery key", withRecovery(ONE, recovery!, newRecovery!)),
  ],
  credentials: {
    valid: [
      credential("a device", 7),
      credential("user 1", 1),
      credential("the largest user id", 2 ** 53 - 1),
      credential("an id of zeros", 7, "0".repeat(32)),
    ],
    invalid: [
      badCredential("no bytes", ""),
      badCredential("a byte less", `0000000000000007${DEVICE}`.slice(2)),
      badCredential("a byte more", `0000000000000007${DEVICE}00`),
      badCredential("user 0", `0000000000000000${DEVICE}`),
      badCredential("user 2^53", `0020000000000000${DEVICE}`),
      badCredential("the largest integer", `${"ff".repeat(8)}${DEVICE}`),
    ],
  },
  commits: {
    valid: [
      commit("two members"),
      commit("one member", { logs: users(1) }),
      commit("64 members", { logs: users(64) }),
      commit("the largest ids", {
        chat_id: 2 ** 53 - 1,
        logs: [{ user_id: 2 ** 53 - 1, seq: 1024, head: HEAD }],
      }),
    ],
    invalid: [
      badCommit("no bytes", new Uint8Array()),
      badCommit("a byte less", VALID.slice(0, -1)),
      badCommit("a byte more", joinBytes(VALID, Uint8Array.of(0))),
      badCommit("another label", joinBytes(utf8("lacre/commit/2\0"), VALID.slice(CHAT))),
      badCommit("chat 0", replaced(CHAT, "00".repeat(8))),
      badCommit("chat 2^53", replaced(CHAT, "0020000000000000")),
      badCommit("no client id", replaced(CLIENT, "00".repeat(16))),
      badCommit("no members", replaced(COUNT, "0000").slice(0, LOG)),
      badCommit("one member less than it says", replaced(COUNT, "0003")),
      badCommit("one member more than it says", replaced(COUNT, "0001")),
      badCommit("65 members", manyMembers(65)),
      badCommit("user 0", replaced(LOG, "00".repeat(8))),
      badCommit("user 2^53", replaced(LOG + 44, "0020000000000000")),
      badCommit("a user twice", replaced(LOG + 44, "0000000000000007")),
      badCommit("users in descending order", replaced(LOG, "000000000000000a")),
      badCommit("seq 0", replaced(SEQ, "00000000")),
      badCommit("seq 1025", replaced(SEQ, "00000401")),
    ],
  },
};

function manyMembers(count: number): Uint8Array {
  const logs = users(count).map(({ user_id }) =>
    joinBytes(new Uint8Array(7), Uint8Array.of(user_id), hex("00000001"), hex(HEAD)),
  );
  return joinBytes(VALID.slice(0, COUNT), Uint8Array.of(0, count), ...logs);
}

/** Returns the base64url digit after one whose last two bits are zero. */
function nextDigit(digit: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(digit) + 1]!;
}
