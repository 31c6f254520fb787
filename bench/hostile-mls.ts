// Measures what 64 KiB of hostile MLS bytes cost, from a member whose signatures are correct. All rules accept, so that the work is done.
// node --expose-gc --import tsx bench/hostile-mls.ts [devices…]      (needs npm run build; with `-C browser` as in browsers)
import { ed25519 } from "@noble/curves/ed25519.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import type { LacreError } from "../src/errors.js";
import { Group, makeKeyPackages, readHeader, readKeyPackage } from "../src/mls/engine.js";
import type { Rules, Suite } from "../src/mls/engine-types.js";
import { hostileMessage, hostilePlaintext } from "../test/support/mls-hostile.js";
import { median } from "./measure.js";

const SIZE = 65_536;
const RUNS = 5;
const rules: Rules = { credential: () => true, change: () => true };
const none = new Uint8Array(0);
const given = process.argv.slice(2).map(Number);
const counts = given.length > 0 ? given : [2, 256];

function device(number: number) {
  const { secretKey, publicKey } = ed25519.keygen();
  const sign = (message: Uint8Array) => ed25519.sign(message, secretKey);
  const identity = new Uint8Array(24);
  new DataView(identity.buffer).setUint32(0, number);
  return { signer: { publicKey, sign }, identity };
}

const packageOf = async ({ signer, identity }: ReturnType<typeof device>, suite: Suite) =>
  (await makeKeyPackages(signer, identity, suite, 1))[0]!;

function decodedPackage(publish: Uint8Array) {
  const [message] = decodeMlsMessage(publish, 0)!;
  if (message.wireformat !== "mls_key_package") throw new Error("not a key package");
  return message.keyPackage;
}

const repeated = (unit: readonly number[], length: number) =>
  Uint8Array.from({ length }, (_, at) => unit[at % unit.length]!);
/** Returns a vector of RFC 9420 with a length of four bytes. */
const vector = (bytes: Uint8Array) =>
  Uint8Array.of(0x80, bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255, ...bytes);

type Case = [name: string, bytes: Uint8Array, read: (bytes: Uint8Array) => unknown];

async function casesOf(suite: Suite, count: number): Promise<Case[]> {
  const devices = Array.from({ length: count }, (_, number) => device(number));
  const packages = await Promise.all(devices.slice(1).map((one) => packageOf(one, suite)));
  const { signer, identity } = devices[0]!;
  const group = { suite, groupId: new Uint8Array(24), identity };
  const add = packages.map(({ publish }) => publish);
  const alone = await Group.create(signer, group);
  const made = await alone.commit(signer, { add }, none, rules);
  const keep = packages.at(-1)!.keep;
  const welcome = made.welcome!;
  const { group: reader } = await Group.join(welcome, [keep], rules);
  const own = devices.at(-1)!.signer;
  const writer = made.group;
  const receive = (bytes: Uint8Array) => reader.receive(bytes, rules);
  const join = (bytes: Uint8Array) => Group.join(bytes, [keep], rules);
  const stranger = device(1000);
  const joinExternally = (bytes: Uint8Array) =>
    Group.joinExternally(stranger.signer, bytes, stranger.identity, none, rules);

  const application = (length: number, skipped = 0) =>
    hostileMessage(
      writer,
      signer,
      { contentType: "application", applicationData: new Uint8Array(length) },
      { skipped },
    );
  const text = await application(65_000);
  const forged = text.slice();
  forged[forged.length - 1]! ^= 1;
  const removal = { proposalType: "remove" as const, remove: { removed: 1 } };
  const commitOf = (proposals: object[], isPublic = false) =>
    hostileMessage(
      writer,
      signer,
      {
        contentType: "commit",
        commit: {
          proposals: proposals.map((proposal) => ({ proposalOrRefType: "proposal", proposal })),
          path: undefined,
        } as never,
      },
      { isPublic },
    );
  const plain = (...parts: Uint8Array[]) =>
    hostilePlaintext(writer, "commit", Uint8Array.from(parts.flatMap((part) => [...part])));
  const removals = Array.from({ length: 9_000 }, () => removal);

  const template = decodedPackage((await packageOf(device(2000), suite)).publish);
  const adding = [];
  while (adding.length * (encodeMlsMessageOf(template).length + 3) < 63_000) {
    const { publish } = await packageOf(device(3000 + adding.length), suite);
    adding.push({ proposalType: "add", add: { keyPackage: decodedPackage(publish) } });
  }
  const unsigned = adding.map(({ add: { keyPackage } }) => ({
    proposalType: "add",
    add: { keyPackage: { ...keyPackage, signature: new Uint8Array(64) } },
  }));
  const types = Array.from({ length: 6_000 }, (_, at) => 0x4000 + at);
  const manyTypes = {
    ...template,
    leafNode: {
      ...template.leafNode,
      capabilities: { ...template.leafNode.capabilities, extensions: types },
      extensions: types.map((extensionType) => ({ extensionType, extensionData: none })),
    },
  };
  const [, infoLength] = decodeMlsMessage(made.groupInfo, 0)!;
  const withTree = (tree: RatchetTree) =>
    Uint8Array.of(...made.groupInfo.subarray(0, infoLength), ...encodeRatchetTree(tree));
  const leaf = { nodeType: "leaf" as const, leaf: template.leafNode };
  const key = (at: number) => repeated([at >> 8, at & 255], suite === 1 ? 32 : 1216);
  const parent = (at: number, unmergedLeaves: number[]) => ({
    nodeType: "parent" as const,
    parent: { hpkePublicKey: key(at), parentHash: none, unmergedLeaves },
  });
  const parents = Array.from({ length: 511 }, (_, at) =>
    at === 0 ? leaf : at % 2 === 1 ? parent(at, []) : undefined,
  ).slice(0, suite === 1 ? 511 : 103);
  const unmerged = Array.from({ length: 8_000 }, () => 0);
  const secrets = repeated([0, 0, 0], 60_000);
  const suiteBytes = [suite >> 8, suite & 255];
  const state = reader.export();

  return [
    ["64 KiB of random bytes", crypto.getRandomValues(new Uint8Array(SIZE)), receive],
    ["the same, its header", crypto.getRandomValues(new Uint8Array(SIZE)), readHeader],
    ["a text", text, receive],
    ["a text that does not decrypt", forged, receive],
    ["a text, 1,024 generations ahead", await application(10, 1024), receive],
    ["a text, 1,025 generations ahead", await application(10, 1025), receive],
    ["a commit of 9,000 removals", await commitOf(removals), receive],
    ["the same, public", await commitOf(removals, true), receive],
    ["a commit of 20,000 references", await plain(vector(repeated([2, 1, 0], 60_000))), receive],
    [
      "a commit of 30,000 unknown proposals",
      await plain(vector(repeated([1, 0x40, 0, 0], 60_000))),
      receive,
    ],
    [
      "a commit of 16 KiB of a vector in a vector",
      await plain(vector(repeated([1, 0, 7, 0x40], 60_000))),
      receive,
    ],
    ["a commit of 512 removals of one device", await commitOf(removals.slice(0, 512)), receive],
    [`a commit of ${adding.length} additions`, await commitOf(adding), receive],
    ["the same with invalid signatures", await commitOf(unsigned), receive],
    [
      "a key package with 6,000 extensions and types",
      encodeMlsMessageOf(manyTypes),
      readKeyPackage,
    ],
    [
      "the same, to add",
      encodeMlsMessageOf(manyTypes),
      (bytes) => reader.commit(own, { add: [bytes] }, none, rules),
    ],
    [
      "a commit that adds it",
      await commitOf([{ proposalType: "add", add: { keyPackage: manyTypes } }]),
      receive,
    ],
    [
      "a welcome with 20,000 secrets",
      Uint8Array.of(0, 1, 0, 3, ...suiteBytes, ...vector(secrets), 0),
      join,
    ],
    [
      "a group info with a tree of empty nodes",
      Uint8Array.of(...made.groupInfo.subarray(0, infoLength), ...vector(new Uint8Array(60_000))),
      joinExternally,
    ],
    ["a group info with a tree of parents", withTree(parents), joinExternally],
    [
      "a group info with 8,000 unmerged leaves",
      withTree([leaf, parent(1, unmerged), leaf]),
      joinExternally,
    ],
    ["a state that ends after 64 KiB", state.subarray(0, SIZE), Group.import],
    ["a state", state, Group.import],
    ["a correct update", (await writer.commit(signer, {}, none, rules)).message, receive],
    ["a correct welcome", welcome, join],
    ["a correct group info", made.groupInfo, joinExternally],
  ];
}

function encodeMlsMessageOf(keyPackage: ReturnType<typeof decodedPackage>): Uint8Array {
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
}

async function cost(read: () => unknown) {
  const used = () => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  globalThis.gc?.();
  const before = used();
  const start = performance.now();
  const cpuBefore = process.cpuUsage();
  let outcome = "accepted";
  try {
    await read();
  } catch (error) {
    outcome = (error as LacreError).code ?? String(error);
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  // On a busy machine, elapsed time includes the time of other processes.
  const milliseconds = Math.min(performance.now() - start, (user + system) / 1000);
  return { milliseconds, megabytes: Math.max(0, used() - before) / 1e6, outcome };
}

for (const suite of [1, 0xf00d] as const) {
  for (const count of counts) {
    console.log(`\nsuite ${suite}, ${count} devices\n`);
    console.log("| bytes | size | time | memory | outcome |\n| --- | --- | --- | --- | --- |");
    for (const [name, bytes, read] of await casesOf(suite, count)) {
      const runs = [];
      for (let run = 0; run < RUNS; run++) runs.push(await cost(() => read(bytes)));
      const time = median(runs.map(({ milliseconds }) => milliseconds)).toFixed(1);
      const memory = Math.max(...runs.map(({ megabytes }) => megabytes)).toFixed(1);
      const cells = [name, bytes.length, `${time} ms`, `${memory} MB`, runs[0]!.outcome];
      console.log(`| ${cells.join(" | ")} |`);
    }
  }
}
