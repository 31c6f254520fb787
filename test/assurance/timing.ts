import { equalConstantTime } from "../../src/bytes.js";
import { LacreError, MessageProtocol, SigningKey } from "../../src/index.js";

// Measures whether the rejection of a wrong tag takes longer if the difference is nearer to its end. The variants
// alternate, so that other load on the machine affects all of them. Compares medians of many rounds.
const ROUNDS = 201;
const CALLS = 500;

const NOW = 1_700_000_000;
const key = SigningKey.from(new Uint8Array(32).fill(7));

function frameWithWrongTag(wire: 1 | 2, at: number): Uint8Array {
  const bytes = new MessageProtocol({ type: "t", payload: {}, timestamp: NOW, wire })
    .sign(key)
    .toBytes();
  // On wire 1 the changed character must still be a hexadecimal digit.
  const position = bytes.length - (wire === 1 ? 64 : 32) + at;
  return bytes.with(
    position,
    wire === 2 ? bytes[position]! ^ 1 : bytes[position] === 0x30 ? 0x31 : 0x30,
  );
}

function reject(bytes: Uint8Array): void {
  try {
    MessageProtocol.open(bytes, { key, now: NOW });
  } catch (error) {
    if (!(error instanceof LacreError)) throw error;
  }
}

function medians(variants: Readonly<Record<string, () => void>>): Record<string, number> {
  const times = Object.fromEntries(Object.keys(variants).map((name) => [name, [] as number[]]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(variants)) {
      const start = performance.now();
      for (let call = 0; call < CALLS; call++) work();
      times[name]!.push(((performance.now() - start) * 1e6) / CALLS);
    }
  }
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => [name, all.sort((a, b) => a - b)[ROUNDS >> 1]!]),
  );
}

Error.stackTraceLimit = 0;
const tag = new Uint8Array(32).fill(1);
const [firstWrong, lastWrong] = [tag.with(0, 2), tag.with(31, 2)];
const wrong = ([1, 2] as const).map((wire) => {
  const last = wire === 1 ? 63 : 31;
  return [frameWithWrongTag(wire, 0), frameWithWrongTag(wire, last)] as const;
});
const found = {
  ...medians({
    "equalConstantTime, wrong at the first byte": () => void equalConstantTime(tag, firstWrong),
    "equalConstantTime, wrong at the last byte": () => void equalConstantTime(tag, lastWrong),
  }),
  ...medians({
    "open on wire 1, wrong at the first digit": () => reject(wrong[0]![0]),
    "open on wire 1, wrong at the last digit": () => reject(wrong[0]![1]),
    "open on wire 2, wrong at the first byte": () => reject(wrong[1]![0]),
    "open on wire 2, wrong at the last byte": () => reject(wrong[1]![1]),
  }),
};
for (const [name, nanoseconds] of Object.entries(found)) {
  console.log(`${nanoseconds.toFixed(1).padStart(10)} ns  ${name}`);
}
