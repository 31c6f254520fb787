import { mlsMessageAad } from "../../../src/messages/chat-message-aad.js";
import { encodeNamedLogs } from "../../../src/mls/commit-aad.js";
import { deviceId } from "../../../src/mls/device-id.js";
import type {
  InvalidLayout,
  MlsVectors,
  NamedLogVector,
  ValidKeyPackageHeader,
  ValidMessageAad,
  ValidMessageHeader,
  ValidNamedLogs,
} from "../../../src/testing/mls-vectors.js";
import { counting, hex, toHex } from "../../support/hex.js";
import { joinBytes, testKey } from "../../support/log-entries.js";
import { errors, rejection } from "./notation.js";

const bad =
  (requirement: string) =>
  (name: string, bytes: string): InvalidLayout => ({
    ...rejection(requirement, name, errors.malformed),
    bytes,
  });

// Authenticated data of messages.

const HEADER = {
  chat_id: 42,
  sender_id: 7,
  timestamp: 1_700_000_000.123,
  client_id: "018bcfe5-687b-7abc-8def-0123456789ab",
};

function messageAad(name: string, changes: Partial<typeof HEADER> = {}): ValidMessageAad {
  const header = { ...HEADER, ...changes };
  return { name, requirement: "G-6", ...header, bytes: toHex(mlsMessageAad(header)!) };
}

// Logs of members in group infos.

const HEAD = toHex(counting(32));
const users = (count: number) =>
  Array.from({ length: count }, (_, at) => ({ user_id: at + 1, seq: 1, head: HEAD }));

function namedLogs(name: string, logs: readonly NamedLogVector[]): ValidNamedLogs {
  const bytes = encodeNamedLogs(logs.map((log) => ({ ...log, head: hex(log.head) })));
  return { name, requirement: "G-3", bytes: toHex(bytes), logs };
}

const badLogs = bad("G-3");
const LOGS = namedLogs("", users(2)).bytes;

// Clear fields. Nothing here is encrypted or signed: a reader of clear fields does not verify them.

/** Returns a vector of RFC 9420, section 2.1.2, in hexadecimal. `size` is the number of bytes of its length. */
function vector(content: string, size: 1 | 2 | 4 = content.length / 2 < 64 ? 1 : 2): string {
  const marks = { 1: 0, 2: 0x4000, 4: 0x80000000 };
  const length = (content.length / 2 + marks[size]).toString(16).padStart(2 * size, "0");
  return length + content;
}

const u64 = (value: number) => value.toString(16).padStart(16, "0");
const GROUP = `${u64(42)}${toHex(counting(16))}`;
const [APPLICATION, PROPOSAL, COMMIT] = ["01", "02", "03"];

interface Fields {
  readonly version: string;
  readonly group: string;
  readonly epoch: string;
  readonly type: string;
  readonly rest: string;
}

/** Returns a PrivateMessage. */
function privateMessage(changes: Partial<Fields> = {}): string {
  const { version, group, epoch, type, rest } = {
    version: "0001",
    group: vector(GROUP),
    epoch: u64(3),
    type: APPLICATION,
    rest: vector(toHex(counting(52))) + vector("aa".repeat(28)) + vector("bb".repeat(200)),
    ...changes,
  };
  return `${version}0002${group}${epoch}${type}${rest}`;
}

const device = testKey(0xa1);
const OTHER = toHex(testKey(0xa2).publicKey);
const PUBLIC_KEY = toHex(device.publicKey);
const IDENTITY = `${u64(7)}${deviceId(device.publicKey)}`;
const capabilities = `${vector("0001")}${vector("f00d0001")}0000${vector("0001")}`;

interface LeafFields {
  readonly key: string;
  readonly credential: string;
  readonly source: string;
}

function leafNode(changes: Partial<LeafFields> = {}): string {
  const { key, credential, source } = {
    key: vector(PUBLIC_KEY),
    credential: `0001${vector(IDENTITY)}`,
    source: `01${u64(0)}${"ff".repeat(8)}`,
    ...changes,
  };
  return `${vector("cc".repeat(32))}${key}${credential}${capabilities}${source}00${vector("dd".repeat(64))}`;
}

/** Returns the PublicMessage of an external commit. */
function externalCommit(sender = "04", type = COMMIT, isPath = "01"): string {
  const data = vector(toHex(counting(52)));
  const leaf = leafNode({ source: `03${vector("ee".repeat(32))}` });
  const commit = `${vector("01000600")}${isPath}${leaf}00`;
  const end = `${vector("dd".repeat(64))}${vector("ff".repeat(32))}`;
  return `00010001${vector(GROUP)}${u64(3)}${sender}${data}${type}${commit}${end}`;
}

/** Returns a key package. */
function keyPackage({ suite = "0001", leaf = leafNode(), end = "" } = {}): string {
  const rest = `${vector("ab".repeat(32))}${leaf}00${vector("dd".repeat(64))}`;
  return `000100050001${suite}${rest}${end}`;
}

type Header = Pick<ValidMessageHeader, "chat_id" | "epoch" | "content_type">;

function header(name: string, bytes: string, changes: Partial<Header> = {}): ValidMessageHeader {
  const fields = { chat_id: 42, epoch: 3, content_type: "application" as const, ...changes };
  return { name, requirement: "G-5", bytes, ...fields };
}

function keyPackageHeader(name: string, bytes: string, suite: number): ValidKeyPackageHeader {
  const fields = { suite, user_id: 7, device: deviceId(device.publicKey) };
  return { name, requirement: "G-4", bytes, ...fields, public_key: PUBLIC_KEY };
}

const badHeader = bad("G-5");
const badPackage = bad("G-4");

/** The groups of vectors/mls.json about chats. */
export const chats: Pick<
  MlsVectors,
  "message_aads" | "named_logs" | "message_headers" | "key_package_headers"
> = {
  message_aads: [
    messageAad("a message"),
    messageAad("the largest ids", { chat_id: 2 ** 53 - 1, sender_id: 2 ** 53 - 1 }),
    messageAad("time 0", { timestamp: 0 }),
    messageAad("the largest time", { timestamp: 100_000_000_000 }),
    messageAad("half a millisecond, rounded up", { timestamp: 1_700_000_000.0005 }),
  ],
  named_logs: {
    valid: [
      namedLogs("one member", users(1)),
      namedLogs("64 members", users(64)),
      namedLogs("the largest numbers", [{ user_id: 2 ** 53 - 1, seq: 1024, head: HEAD }]),
    ],
    invalid: [
      badLogs("no bytes", ""),
      badLogs("no member", "0000"),
      badLogs(
        "65 members",
        `0041${toHex(joinBytes(...Array.from({ length: 65 }, (_, at) => hex(`${u64(at + 1)}00000001${HEAD}`))))}`,
      ),
      badLogs("a byte less", LOGS.slice(0, -2)),
      badLogs("a byte more", `${LOGS}00`),
      badLogs("another count", `0003${LOGS.slice(4)}`),
      badLogs("user 0", `0001${u64(0)}00000001${HEAD}`),
      badLogs("user 2^53", `0001${u64(2 ** 53)}00000001${HEAD}`),
      badLogs("seq 0", `0001${u64(7)}00000000${HEAD}`),
      badLogs("seq 1,025", `0001${u64(7)}00000401${HEAD}`),
      badLogs("a user twice", `0002${`${u64(7)}00000001${HEAD}`.repeat(2)}`),
      badLogs("a descending order", `0002${u64(9)}00000001${HEAD}${u64(7)}00000001${HEAD}`),
    ],
  },
  message_headers: {
    valid: [
      header("application data", privateMessage()),
      header("a proposal", privateMessage({ type: PROPOSAL }), { content_type: "proposal" }),
      header("a commit", privateMessage({ type: COMMIT }), { content_type: "commit" }),
      header("an external commit", externalCommit(), { content_type: "commit" }),
      header("epoch 0", privateMessage({ epoch: u64(0) }), { epoch: 0 }),
      header("epoch 2^53 − 1", privateMessage({ epoch: u64(2 ** 53 - 1) }), {
        epoch: 2 ** 53 - 1,
      }),
      header(
        "chat 2^53 − 1",
        privateMessage({ group: vector(u64(2 ** 53 - 1) + GROUP.slice(16)) }),
        {
          chat_id: 2 ** 53 - 1,
        },
      ),
      header(
        "a length of four bytes",
        privateMessage({ rest: `0000${vector("bb".repeat(16_384), 4)}` }),
      ),
    ],
    invalid: [
      badHeader("no bytes", ""),
      badHeader("a byte less", privateMessage().slice(0, -2)),
      badHeader("a byte more", `${privateMessage()}00`),
      badHeader("another version", privateMessage({ version: "0002" })),
      badHeader("a key package", keyPackage()),
      badHeader("chat 0", privateMessage({ group: vector(u64(0) + GROUP.slice(16)) })),
      badHeader("chat 2^53", privateMessage({ group: vector(u64(2 ** 53) + GROUP.slice(16)) })),
      badHeader("a group id of 23 bytes", privateMessage({ group: vector(GROUP.slice(0, -2)) })),
      badHeader("a group id of 25 bytes", privateMessage({ group: vector(`${GROUP}00`) })),
      badHeader("epoch 2^53", privateMessage({ epoch: u64(2 ** 53) })),
      badHeader("content type 0", privateMessage({ type: "00" })),
      badHeader("content type 4", privateMessage({ type: "04" })),
      badHeader(
        "a length of two bytes where one suffices",
        privateMessage({ rest: `00${vector("aa".repeat(63), 2)}00` }),
      ),
      badHeader(
        "a length of four bytes where two suffice",
        privateMessage({ rest: `00${vector("aa".repeat(16_383), 4)}00` }),
      ),
      badHeader("a length of eight bytes", privateMessage({ rest: `00c000000000000001aa00` })),
      badHeader("a length behind the end", privateMessage({ rest: "0000bfffffff" })),
      badHeader("a public message of a member", externalCommit("01")),
      badHeader("a public proposal", externalCommit("04", PROPOSAL)),
      badHeader("an external commit without path", externalCommit("04", COMMIT, "00")),
    ],
  },
  key_package_headers: {
    valid: [
      keyPackageHeader("suite 1", keyPackage(), 1),
      keyPackageHeader("suite 0xf00d", keyPackage({ suite: "f00d" }), 0xf00d),
    ],
    invalid: [
      badPackage("no bytes", ""),
      badPackage("a byte less", keyPackage().slice(0, -2)),
      badPackage("a byte more", keyPackage({ end: "00" })),
      badPackage("suite 2", keyPackage({ suite: "0002" })),
      badPackage(
        "the key of another device",
        keyPackage({ leaf: leafNode({ key: vector(OTHER) }) }),
      ),
      badPackage(
        "a key of 31 bytes",
        keyPackage({ leaf: leafNode({ key: vector(PUBLIC_KEY.slice(2)) }) }),
      ),
      badPackage(
        "another credential type",
        keyPackage({ leaf: leafNode({ credential: `0002${vector(IDENTITY)}` }) }),
      ),
      badPackage(
        "an identity of 23 bytes",
        keyPackage({ leaf: leafNode({ credential: `0001${vector(IDENTITY.slice(2))}` }) }),
      ),
      badPackage(
        "user 0",
        keyPackage({
          leaf: leafNode({ credential: `0001${vector(u64(0) + IDENTITY.slice(16))}` }),
        }),
      ),
      badPackage(
        "a leaf of a commit",
        keyPackage({ leaf: leafNode({ source: `03${vector("ee".repeat(32))}` }) }),
      ),
      badPackage("a message", privateMessage()),
    ],
  },
};
