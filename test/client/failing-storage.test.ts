import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type Client,
  type ClientStorage,
  createClient,
  memoryStorage,
} from "../../src/client/index.js";
import { randomFrom } from "../support/random.js";
import { runs } from "../support/runs.js";
import { ALICE, BOB, CHAT, Network, SESSION_KEY } from "./fixture.js";

/** Probability of each fault, from 0 to 1. */
interface Faults {
  /** A write fails. */
  readonly fails: number;
  /** The process ends before or after a write. */
  readonly crashes: number;
  /** A listener throws. */
  readonly throws: number;
}
const NO_FAULTS: Faults = { fails: 0, crashes: 0, throws: 0 };

/** Contents are not encrypted here: WebCrypto takes time that fake timers do not control. */
const plain = {
  encrypt: async ({
    content,
    ...header
  }: {
    content: number;
    chat_id: number;
    sender_id: number;
  }) => ({
    ...{ timestamp: 1_700_000_000, ...header },
    ...{ content: Uint8Array.of(content, ...new Uint8Array(16)), nonce: new Uint8Array(12) },
  }),
  decrypt: async ({ content }: { content: Uint8Array }) => content[0]!,
};

/** What one run of a client reports: the stored cursor at its start, and the seqs in `message` and `sent`. */
interface Run {
  readonly cursor: number;
  readonly received: number[];
  readonly sent: number[];
}

/** A device whose writes fail, whose process crashes, and whose listeners throw. */
class Device {
  faults = NO_FAULTS;
  readonly data = memoryStorage();
  readonly userId: number;
  /** The contents of the messages whose `send` resolved, and of those whose `send` rejected. */
  readonly stored: number[] = [];
  readonly rejected: number[] = [];
  /** Contents in the events `sent` whose listener did not throw. */
  readonly sent = new Set<number>();
  readonly reported: Run[] = [];
  readonly #network: Network;
  readonly #random: () => number;
  #client: Client<number> | undefined;
  #run = 0;

  constructor(network: Network, userId: number, random: () => number) {
    this.#network = network;
    this.userId = userId;
    this.#random = random;
  }

  async start(): Promise<void> {
    if (this.#client !== undefined) return;
    this.#run += 1;
    const run = this.#run;
    const isDead = () => run !== this.#run;
    const never = () => new Promise<never>(() => {});
    const end = () => {
      this.crash(run);
      return never();
    };
    const { cursors } = await this.data.load();
    const reported: Run = { cursor: new Map(cursors).get(CHAT) ?? 0, received: [], sent: [] };
    this.reported.push(reported);
    const faulty =
      <Args extends unknown[]>(write: (...args: Args) => Promise<void>) =>
      async (...args: Args): Promise<void> => {
        if (isDead() || this.#happens("crashes")) return end();
        if (this.#happens("fails")) throw new Error("the disk is full");
        await write(...args);
        if (isDead() || this.#happens("crashes")) return end();
      };
    const { lock: _, ...data } = this.data;
    const storage: ClientStorage = {
      ...data,
      addOutgoing: faulty(data.addOutgoing),
      removeOutgoing: faulty(data.removeOutgoing),
      moveCursor: faulty(data.moveCursor),
    };
    const open = this.#network.connect(this.userId);
    const client = createClient<number>({
      ...{ session_key: SESSION_KEY, user_id: this.userId, storage, chats: () => plain },
      connect: (listener) => {
        if (isDead()) throw new Error("the process has ended");
        return open(listener);
      },
    });
    this.#client = client;
    client.follow(CHAT);
    const handle = (work: () => void) => {
      if (isDead()) return never();
      if (this.#happens("throws")) throw new Error("a bug");
      return work();
    };
    client.on("message", ({ message }) => handle(() => void reported.received.push(message.seq!)));
    client.on("sent", ({ message }) =>
      handle(() => {
        reported.sent.push(message.seq!);
        this.sent.add(message.content!);
      }),
    );
    client.on("stopped", () => {
      if (!isDead()) this.#client = undefined;
    });
  }

  send(content: number): void {
    this.#client?.send(CHAT, content).then(
      () => this.stored.push(content),
      () => this.rejected.push(content),
    );
  }

  /** Ends the process: nothing that it does later has an effect. */
  crash(run = this.#run): void {
    if (run !== this.#run) return;
    this.#run += 1;
    // Its storage and its listeners do nothing any more, but its listeners for wake-ups would remain.
    void this.#client?.stop();
    this.#client = undefined;
    this.#network.cut(1006, this.userId);
  }

  async stop(): Promise<void> {
    await this.#client?.stop();
  }

  #happens(fault: keyof Faults): boolean {
    return this.#random() < this.faults[fault];
  }
}

/** Runs the steps with faults, then without them until nothing is left to do. */
async function simulate(seed: number, faults: Faults, steps: readonly Step[]) {
  const random = randomFrom(seed);
  const network = new Network();
  network.rejects = ({ content }) => content[0]! % 10 === 9;
  const devices = [new Device(network, ALICE, random), new Device(network, BOB, random)];
  let next = 0;
  for (const device of devices) device.faults = faults;
  for (const { kind, device, seconds } of steps) {
    for (const one of devices) await one.start();
    if (kind === "send") devices[device]!.send(++next);
    if (kind === "crash") devices[device]!.crash();
    if (kind === "stop") void devices[device]!.stop();
    if (kind === "cut") network.cut();
    await vi.advanceTimersByTimeAsync(seconds * 1000);
  }
  for (const device of devices) device.faults = NO_FAULTS;
  for (let round = 0; round < 2; round++) {
    for (const one of devices) await one.start();
    await vi.advanceTimersByTimeAsync(35_000);
  }
  const stopping = devices.map((device) => device.stop());
  await vi.advanceTimersByTimeAsync(10_000);
  await Promise.all(stopping);
  return { network, devices };
}

const step = fc.record({
  kind: fc.constantFrom("send", "send", "send", "crash", "stop", "cut", "wait"),
  device: fc.integer({ min: 0, max: 1 }),
  seconds: fc.constantFrom(0, 0.01, 0.1, 1, 6, 20),
});
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;
const probability = fc.constantFrom(0, 0, 0.1, 0.4);

describe("clients whose storage fails, whose process crashes and whose listeners throw", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("lose no message, send each once, and report each in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.record({ fails: probability, crashes: probability, throws: probability }),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        async (seed, faults, steps) => {
          const { network, devices } = await simulate(seed, faults, steps);
          const onServer = network.server.stored(CHAT);
          const contents = onServer.map(({ content }) => content[0]!);
          // Each message once.
          expect(new Set(contents).size).toBe(contents.length);
          for (const { data, stored, rejected, sent, reported } of devices) {
            const accepted = stored.filter((content) => content % 10 !== 9);
            expect(contents).toEqual(expect.arrayContaining(accepted));
            expect([...sent]).toEqual(expect.arrayContaining(accepted));
            for (const content of rejected) expect(contents).not.toContain(content);
            const { outbox, cursors } = await data.load();
            expect(outbox).toEqual([]);
            expect(new Map(cursors).get(CHAT) ?? 0).toBe(onServer.length);
            const history = await data.messages(CHAT, { before: 1000, limit: 1000 });
            expect(history.map(({ seq }) => seq)).toEqual(onServer.map(({ seq }) => seq));
            for (const run of reported) expectInOrder(run);
          }
        },
      ),
      { numRuns: runs(50) },
    );
  }, 120_000);
});

/** A run reports each message after its first cursor once, in order. A sent one may be reported before those before it. */
function expectInOrder({ cursor, received, sent }: Run): void {
  const { length } = received;
  expect(received).toEqual([...new Set(received)].sort((one, other) => one - other));
  const all = new Set([...received, ...sent]);
  const until = received[length - 1] ?? cursor;
  for (let seq = cursor + 1; seq <= until; seq++) expect(all).toContain(seq);
  for (const seq of received) expect(seq).toBeGreaterThan(cursor);
}
