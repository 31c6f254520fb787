import vectors from "lacre/vectors/mls.json" with { type: "json" };
import { concat } from "../../../../src/bytes.js";
import { decodeCommitAad, encodeCommitAad } from "../../../../src/mls/commit-aad.js";
import { decodeCredential, encodeCredential } from "../../../../src/mls/credential.js";
import { deviceId } from "../../../../src/mls/device-id.js";
import { Group, makeKeyPackages } from "../../../../src/mls/engine.js";
import {
  decodeMessages,
  decodePins,
  encodeMessages,
  encodePins,
} from "../../../../src/mls/history-body.js";
import { decodeChunk, encodeChunkHead } from "../../../../src/mls/history-layout.js";
import {
  extendLog,
  type HistoryMessage,
  readDeviceLink,
  readKeyPackageHeader,
  readLog,
  readMessageHeader,
  readRecoveryKey,
  writeDeviceLink,
} from "../../../../src/mls/index.js";
import { counting, hex, utf8 } from "../../../support/hex.js";
import {
  begun,
  madeEntry,
  OP,
  testKey,
  withDevice,
  withoutDevice,
  withRecovery,
} from "../../../support/log-entries.js";
import { type FuzzTarget, holds, shapeOf } from "../target.js";

const user_id = 7;
const [first, second, recovery] = [testKey(1), testKey(2), testKey(3)];
const one = begun(first, recovery);
const two = withDevice(one, first, second);
const log = readLog(two, { user_id });
const next = [
  withDevice(two, second, testKey(4)),
  withoutDevice(two, first, second),
  withRecovery(two, recovery, testKey(5)),
].map((entries) => entries[2]!);
const forked = madeEntry({ after: one, op: OP.remove, signer: first, subject: first.publicKey });
const textOf = (input: Uint8Array) => String.fromCharCode(...input.subarray(0, 200));
const isSame = (one: Uint8Array, other: Uint8Array) => Buffer.compare(one, other) === 0;

const logs = [{ user_id: 7, seq: 3, head: counting(32) }];
const commit = encodeCommitAad({
  ...{ chat_id: 42, client_id: "018bcfe5-687b-7abc-8def-0123456789ab", logs },
});

const identity = encodeCredential({ user_id, device: deviceId(first.publicKey) });
const rules = { credential: () => true, change: () => true };
const groupId = Uint8Array.from({ length: 24 }, (_, at) => (at < 7 ? 0 : at + 35));
const group = await Group.create(first, { suite: 1, groupId, identity });
const { message: update, groupInfo } = await group.commit(first, {}, commit, rules);
const messages = [
  (await group.encrypt(first, counting(100), commit)).message,
  update,
  (await Group.joinExternally(second, groupInfo, identity, commit, rules)).message,
];
const chunks = vectors.history_chunks.valid;
const message: HistoryMessage = {
  ...{ seq: 1, sender_id: 9, device: "0".repeat(32), timestamp: 1, stored_at: 1 },
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
  content: { kind: "text", text: "hola" },
};
const keyPackages = await makeKeyPackages(first, identity, 1, 1);

export const mlsTargets: readonly FuzzTarget[] = [
  {
    name: "extendLog",
    weight: 1,
    seeds: [...two, ...next, forked],
    run(input) {
      const { seq } = extendLog(log, input);
      // An entry that the log has is known by the part that is signed.
      const signed = input.subarray(0, 161);
      holds(
        next.some((entry) => isSame(entry, input)) ||
          two.some((entry) => isSame(entry.subarray(0, 161), signed)),
        "no forged entry extends a log",
      );
      return String(seq);
    },
  },
  {
    name: "decodeCommitAad",
    weight: 2,
    seeds: [commit],
    run(input) {
      const decoded = decodeCommitAad(input);
      holds(isSame(encodeCommitAad(decoded), input), "one commit has one encoding");
      return `${shapeOf(decoded)} ${decoded.logs.length}`;
    },
  },
  {
    name: "decodeCredential",
    weight: 1,
    seeds: [encodeCredential({ user_id, device: "00".repeat(16) })],
    run(input) {
      const decoded = decodeCredential(input);
      holds(isSame(encodeCredential(decoded), input), "one credential has one encoding");
      return shapeOf(decoded);
    },
  },
  {
    name: "readMessageHeader",
    weight: 2,
    seeds: messages,
    run(input) {
      const { content_type } = readMessageHeader(input);
      return content_type;
    },
  },
  {
    name: "readKeyPackageHeader",
    weight: 2,
    seeds: keyPackages.map(({ publish }) => publish),
    run(input) {
      const { publicKey, device } = readKeyPackageHeader(input);
      holds(deviceId(publicKey) === device, "the device is that of the key");
      return "read";
    },
  },
  {
    name: "readDeviceLink",
    weight: 1,
    seeds: [utf8(writeDeviceLink(first.publicKey))],
    run(input) {
      const { publicKey } = readDeviceLink(textOf(input));
      holds(writeDeviceLink(publicKey) === textOf(input).trim(), "one key has one text");
      return "read";
    },
  },
  {
    name: "decodeChunk",
    weight: 2,
    seeds: chunks.map((one) => hex(one.bytes)),
    run(input) {
      const chunk = decodeChunk(input);
      if (chunk === undefined) return "rejected";
      const { enc, ciphertext, signature } = chunk;
      const again = concat(encodeChunkHead(chunk), enc, ciphertext, signature);
      holds(isSame(again, input), "one chunk has one encoding");
      return shapeOf(chunk, 0);
    },
  },
  {
    name: "the body of a history chunk",
    weight: 2,
    seeds: [
      encodePins([{ user_id: 9, seq: 1, head: counting(32), isVerified: true }]),
      encodeMessages([message, { ...message, seq: 2 }], new Map()).bytes,
    ],
    run(input) {
      const range = { first_seq: 1, last_seq: 2 };
      const pins = (() => {
        try {
          return decodePins(input);
        } catch {
          return undefined;
        }
      })();
      if (pins !== undefined) return `${Math.min(pins.length, 3)} pins`;
      return `${decodeMessages(input, range, new Map()).length} messages`;
    },
  },
  {
    name: "readRecoveryKey",
    weight: 1,
    seeds: [utf8("1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1850-M2GA-1857-G39Y")],
    async run(input) {
      const text = (await readRecoveryKey(textOf(input))).toText();
      holds(text.length === 69, "a recovery key has 14 groups of four");
      return "read";
    },
  },
];
