// Measures groups of MLS: time and bytes of each step for 2 to 256 devices, in both suites. Measures a device log of full length.
// With `-C browser` it measures what browsers run. It needs a build (npm run build).
// npx tsx bench/mls.ts [--no-subtle] [devices…]        --no-subtle: without WebCrypto, as in pages that are not secure contexts
import { ed25519 } from "@noble/curves/ed25519.js";
import { Group, makeKeyPackages } from "../src/mls/engine.js";
import type { Rules, Signer, Suite } from "../src/mls/engine-types.js";
import { readLog } from "../src/mls/index.js";
import { begun, testKey, withDevice, withoutDevice } from "../test/support/log-entries.js";

const rules: Rules = { credential: () => true, change: () => true };
const none = new Uint8Array(0);
const given = process.argv
  .slice(2)
  .filter((text) => !text.startsWith("-"))
  .map(Number);
if (process.argv.includes("--no-subtle"))
  Object.defineProperty(globalThis.crypto, "subtle", { value: undefined });
const counts = given.length > 0 ? given : [2, 4, 16, 64, 256];

function device(number: number): { signer: Signer; identity: Uint8Array } {
  const { secretKey, publicKey } = ed25519.keygen();
  const sign = (message: Uint8Array) => ed25519.sign(message, secretKey);
  const identity = new Uint8Array(24).fill(number);
  return { signer: { publicKey, sign }, identity };
}

/** Returns the result of `work`, and the median of its times in milliseconds. */
async function timed<Result>(work: () => Promise<Result>, repeats = 5): Promise<[Result, number]> {
  const times: number[] = [];
  let result!: Result;
  for (let run = 0; run < repeats; run++) {
    const begun = performance.now();
    result = await work();
    times.push(performance.now() - begun);
  }
  return [result, times.sort((a, b) => a - b)[Math.floor(repeats / 2)]!];
}

async function measure(suite: Suite, count: number): Promise<string> {
  const repeats = count > 16 ? 1 : 5;
  const [first, ...others] = Array.from({ length: count }, (_, number) => device(number));
  const { signer, identity } = first!;
  const packages = await Promise.all(
    others.map((other) => makeKeyPackages(other.signer, other.identity, suite, 1)),
  );
  const add = packages.map(([made]) => made!.publish);
  const alone = await Group.create(signer, {
    suite,
    groupId: new Uint8Array(24),
    identity,
  });
  const [made, addTime] = await timed(() => alone.commit(signer, { add }, none, rules), repeats);
  const keeps = [packages.at(-1)![0]!.keep];
  const welcome = made.welcome!;
  const [{ group: last }, joinTime] = await timed(() => Group.join(welcome, keeps, rules), repeats);
  const text = new Uint8Array(100);
  const [sent, encryptTime] = await timed(() => made.group.encrypt(signer, text, none), 20);
  const [, decryptTime] = await timed(() => last.receive(sent.message, rules), 20);
  // The first update after the additions is the largest: no node of the tree has a key yet.
  const [update, commitTime] = await timed(
    () => made.group.commit(signer, {}, none, rules),
    repeats,
  );
  const [next, processTime] = await timed(() => last.receive(update.message, rules), repeats);
  const again = await timed(() => update.group.commit(signer, {}, none, rules), repeats);
  let state = next.group;
  for (let epoch = 0, from = update; epoch < 9 && count <= 64; epoch++) {
    from = await from.group.commit(signer, {}, none, rules);
    state = (await state.receive(from.message, rules)).group;
  }
  const [bytes, exportTime] = await timed(async () => state.export(), repeats);
  const [, importTime] = await timed(() => Group.import(bytes), repeats);
  const cells = [
    count,
    `${encryptTime.toFixed(1)} / ${sent.message.length}`,
    decryptTime.toFixed(1),
    `${addTime.toFixed(0)} / ${made.message.length}`,
    `${joinTime.toFixed(0)} / ${welcome.length}`,
    `${commitTime.toFixed(0)} / ${update.message.length}`,
    processTime.toFixed(0),
    `${again[1].toFixed(0)} / ${again[0].message.length}`,
    `${exportTime.toFixed(0)} + ${importTime.toFixed(0)} / ${bytes.length}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

for (const suite of [1, 0xf00d] as const) {
  console.log(`\nsuite ${suite}: milliseconds / bytes\n`);
  console.log(
    "| devices | encrypt 100 B | decrypt | commit that adds all | join | first update | process it | second update | export + import, after 10 updates |",
  );
  console.log("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
  for (const count of counts) console.log(await measure(suite, count));
}

const [own, recovery] = [testKey(1), testKey(2)];
let entries = begun(own, recovery);
while (entries.length < 1024) {
  const added = testKey(ed25519.keygen().secretKey);
  entries = withDevice(entries, own, added);
  if (entries.length < 1024) entries = withoutDevice(entries, own, added);
}
const read = async () => readLog(entries, { user_id: 7 });
const [, firstTime] = await timed(read, 1);
const [, nextTime] = await timed(read);
console.log(
  `\nreadLog of 1,024 entries that add and remove: ${firstTime.toFixed(0)} ms, and again ${nextTime.toFixed(0)} ms`,
);
