import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../../src/index.js";
import { simulationPlans } from "../support/runs.js";
import { DEVICES, type Plan, Simulation } from "./simulation.js";

const chance = (max: number) => fc.oneof(fc.constant(0), fc.double({ min: 0, max, noNaN: true }));
const device = fc.nat(DEVICES.length - 1);
const chat = fc.constantFrom(1, 2);
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      device,
      chat,
      isRejected: fc.nat(9).map((n) => n === 0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("burst" as const),
      device,
      chat,
      count: fc.integer({ min: 2, max: 40 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const), device, chat }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("withdraw" as const), device, chat }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("die" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("probe" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("crash" as const), device }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("delete" as const), chat }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      device,
      seconds: fc.constantFrom(-86_400, -3600, -0.5, 80, 3600, 86_400),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      seconds: fc.constantFrom(0.01, 0.1, 1, 15),
    }),
  },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  faults: fc.record({
    drop: chance(0.3),
    duplicate: chance(0.5),
    late: chance(0.5),
    cut: chance(0.2),
    busy: chance(0.3),
    full: chance(0.2),
    mute: chance(0.5),
  }),
  // Without the size, plans have 10 steps at most.
  steps: fc.array(step, { maxLength: 60, size: "max" }),
});

async function run({ steps, ...conditions }: Plan): Promise<Simulation> {
  const simulation = new Simulation(conditions);
  for (const one of steps) await simulation.perform(one);
  expect(await simulation.settle()).toBe(true);
  return simulation;
}

/** Errors about frames that the network repeated, or delivered too late. */
const OF_NETWORK = ["ERR_REPLAYED", "ERR_VERIFY"];
/** The error about frames of a device whose clock was set ahead during a connection. */
const OF_CLOCK_AHEAD = "ERR_FROM_FUTURE";

/** Checks that each message is delivered once and in order, or reported as failed. */
function assertGuarantees(simulation: Simulation): void {
  for (const writer of simulation.devices) {
    const isSettled = [...writer.sent, ...writer.failed];
    for (const [chatId, seq] of writer.crashes === 0 ? writer.marked : []) {
      const read = simulation.server.readUpTo(chatId, writer.userId);
      expect(read, "the server has the read receipt").toBeGreaterThanOrEqual(seq);
    }
    expect(new Set(isSettled).size, "a message is sent or failed, once").toBe(isSettled.length);
    const written = writer.written.map(({ client_id }) => client_id);
    const isKept = (id: string) => !writer.lost.has(id) && !writer.withdrawn.has(id);
    expect(isSettled.sort()).toEqual(written.filter(isKept).sort());
    expect(writer.disk.outbox.size).toBe(0);
    for (const chatId of writer.disk.cursors.keys()) {
      const written = writer.written.filter(
        ({ chat_id, client_id }) => chat_id === chatId && writer.sent.includes(client_id),
      );
      const isHere = new Set(written.map(({ client_id }) => client_id));
      const stored = simulation.server
        .stored(chatId)
        .filter(({ client_id }) => isHere.has(client_id!));
      const isStored = new Set(stored.map(({ client_id }) => client_id));
      expect(
        stored.map(({ client_id }) => client_id),
        "stored once, in the order of writing",
      ).toEqual(
        written.map(({ client_id }) => client_id).filter((clientId) => isStored.has(clientId)),
      );
    }
  }
  for (const reader of simulation.devices) {
    if (reader.crashes === 0) {
      const own = reader.received.filter(({ client_id }) => reader.sent.includes(client_id!));
      expect(own, "no own message is delivered").toEqual([]);
    }
    const ownIds = new Set(reader.written.map(({ client_id }) => client_id));
    const isOfOthers = ({ client_id }: ChatMessage) => !ownIds.has(client_id!);
    for (const [chatId, cursor] of reader.disk.cursors) {
      // The server may have sent a withdrawn message to the user's other devices only.
      if (reader.withdrawn.size === 0)
        expect(cursor, "the cursor is the last seq").toBe(simulation.server.lastSeq(chatId));
      const received = reader.received.filter(
        (message) => message.chat_id === chatId && isOfOthers(message),
      );
      const seqs = received.map(({ seq }) => seq!);
      expect(seqs, "received once, in order").toEqual([...new Set(seqs)].sort((a, b) => a - b));
      const missing = simulation.server
        .stored(chatId)
        .filter(isOfOthers)
        .filter(({ seq }) => !seqs.includes(seq!));
      expect(missing, "received all").toEqual([]);
    }
    const calm = reader.notices.slice(reader.calmFrom).map(({ type }) => type);
    expect(calm, "no connection is lost without a fault").not.toContain("offline");
    const online = reader.notices.findLastIndex(({ type }) => type === "online");
    const caughtUp = reader.notices
      .slice(online)
      .flatMap((notice) => (notice.type === "caught_up" ? [notice.chat_id] : []));
    expect(new Set(caughtUp), "caught_up for each chat").toEqual(
      new Set(reader.disk.cursors.keys()),
    );
    const expectedErrors = reader.wasSetAhead ? [...OF_NETWORK, OF_CLOCK_AHEAD] : OF_NETWORK;
    const unexpected = reader.notices.filter(
      (notice) =>
        notice.type === "gap" ||
        notice.type === "rewound" ||
        (notice.type === "error" && !expectedErrors.includes(notice.error.error_code)),
    );
    expect(unexpected).toEqual([]);
  }
}

describe("with random faults of network, devices and server", () => {
  it(`delivers each message once and in order, or reports it as failed (${simulationPlans} plans)`, async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (given) => assertGuarantees(await run(given))),
      { numRuns: simulationPlans, includeErrorInReport: true },
    );
  }, 600_000);
});

describe("the simulation itself", () => {
  const faultyPlan: Plan = {
    seed: 7,
    faults: { drop: 0.1, duplicate: 0.3, late: 0.3, cut: 0.02, busy: 0.2, full: 0.1, mute: 0.2 },
    steps: Array.from({ length: 120 }, (_, at) =>
      at % 3 === 0
        ? ({ kind: "wait", seconds: 2 } as const)
        : ({ kind: "send", device: at % 4, chat: 1 + (at % 2), isRejected: false } as const),
    ),
  };

  it("gives the same result for the same seed", async () => {
    const received = async () => {
      const { devices } = await run(faultyPlan);
      return devices.map((one) => one.received.map(({ seq }) => seq));
    };
    expect(await received()).toEqual(await received());
  });

  it("loses, delays and repeats frames", async () => {
    const simulation = await run(faultyPlan);
    assertGuarantees(simulation);
    const notices = simulation.devices.flatMap((one) => one.notices);
    expect(notices.filter(({ type }) => type === "message").length).toBeGreaterThan(50);
    expect(notices.filter(({ type }) => type === "refused").length).toBeGreaterThan(0);
    expect(notices.filter(({ type }) => type === "offline").length).toBeGreaterThan(4);
  });
});
