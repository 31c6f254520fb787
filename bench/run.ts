import { ChatMessage, MessageProtocol, SigningKey } from "lacre";
import { Bench } from "tinybench";
import { hostileFrames } from "./hostile.js";
import { type RawMessage, rawOpen, rawSign } from "./raw.js";

const key = SigningKey.from(new Uint8Array(32).fill(7));
const timestamp = 1_700_000_000.123;

function message(length: number): RawMessage {
  const content = Uint8Array.from({ length }, (_, at) => (at * 31) % 256);
  return { chat_id: 42, sender_id: 7, content, nonce: new Uint8Array(12).fill(3), timestamp };
}

/** Medians of tasks that take turns, so that whatever else the machine does meets all of them. */
async function medians(
  tasks: Readonly<Record<string, () => unknown>>,
): Promise<Map<string, number>> {
  const rounds = new Map<string, number[]>(Object.keys(tasks).map((name) => [name, []]));
  for (let round = 0; round < 5; round++) {
    const bench = new Bench({ time: 200, warmupTime: 50 });
    for (const [name, task] of Object.entries(tasks)) bench.add(name, () => void task());
    await bench.run();
    for (const { name, result } of bench.tasks) {
      if (result.state !== "completed") throw new Error(`${name}: ${result.state}`);
      rounds.get(name)!.push(result.latency.p50);
    }
  }
  return new Map([...rounds].map(([name, values]) => [name, values.sort((a, b) => a - b)[2]!]));
}

async function measure(length: number): Promise<void> {
  const value = message(length);
  const raw = rawSign(value);
  const frames = ([1, 2] as const).map((wire) =>
    ChatMessage.toProtocol(value, key, { wire, timestamp }).toBytes(),
  );
  const open = (frame: Uint8Array) =>
    ChatMessage.fromProtocol(MessageProtocol.open(frame, { key, now: timestamp }));
  if (JSON.stringify(rawOpen(raw)) !== JSON.stringify(open(frames[1]!)))
    throw new Error("the raw limit reads another message");

  const results = await medians({
    "sign raw": () => rawSign(value),
    "sign wire 2": () => ChatMessage.toProtocol(value, key, { wire: 2, timestamp }).toBytes(),
    "sign wire 1": () => ChatMessage.toProtocol(value, key, { wire: 1, timestamp }).toBytes(),
    "open raw": () => rawOpen(raw),
    "open wire 2": () => open(frames[1]!),
    "open wire 1": () => open(frames[0]!),
  });
  console.log(
    `\nChatMessage of ${length} bytes: ${frames[0]!.length} on wire 1, ${frames[1]!.length} on wire 2`,
  );
  for (const [name, milliseconds] of results) {
    const limit = results.get(name.startsWith("sign") ? "sign raw" : "open raw")!;
    const ratio = (milliseconds / limit).toFixed(2);
    const rate = Math.round(1000 / milliseconds).toLocaleString("en");
    console.log(
      `  ${name.padEnd(12)} ${(milliseconds * 1000).toFixed(2).padStart(8)} µs  ${rate.padStart(9)}/s  ×${ratio}`,
    );
  }
}

function measureHostile(): void {
  console.log("\nhostile frames of 64 KiB: longest time and memory of one refusal in 20");
  for (const [name, frame] of hostileFrames(key)) {
    let longest = 0;
    let most = 0;
    for (let run = 0; run < 20; run++) {
      globalThis.gc?.();
      const before = process.memoryUsage();
      const start = performance.now();
      let refusal = "OPENED";
      try {
        MessageProtocol.open(frame, { key, now: timestamp });
      } catch (error) {
        refusal = (error as { code?: string }).code ?? String(error);
      }
      longest = Math.max(longest, performance.now() - start);
      const after = process.memoryUsage();
      most = Math.max(
        most,
        after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers,
      );
      if (run === 19) {
        console.log(
          `  ${name.padEnd(34)} ${longest.toFixed(2).padStart(7)} ms  ${(most / 1e6).toFixed(2).padStart(6)} MB  ${refusal}`,
        );
      }
    }
  }
}

console.log(
  `Node ${process.version}. Medians of 5 interleaved rounds; × is the ratio to node:crypto with a hand-written codec.`,
);
for (const length of [100, 1_000, 16_000]) await measure(length);
measureHostile();
