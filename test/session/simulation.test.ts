import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ChatMessage } from "../../src/index.js";
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
      isRefused: fc.nat(9).map((n) => n === 0),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("read" as const), device, chat }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("cut" as const), device }) },
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
  weather: fc.record({
    drop: chance(0.3),
    duplicate: chance(0.5),
    late: chance(0.5),
    cut: chance(0.2),
    busy: chance(0.3),
    mute: chance(0.5),
  }),
  steps: fc.array(step, { maxLength: 60 }),
});

const runs = Number(import.meta.env.LACRE_SIMULATIONS ?? 1000);

function run({ steps, ...conditions }: Plan): Simulation {
  const world = new Simulation(conditions);
  for (const one of steps) world.perform(one);
  expect(world.settle()).toBe(true);
  return world;
}

/** What everybody was promised. */
function assertPromises(world: Simulation): void {
  for (const writer of world.devices) {
    const isSettled = [...writer.sent, ...writer.failed];
    expect(new Set(isSettled).size, "a message is sent or failed, once").toBe(isSettled.length);
    expect(isSettled.sort()).toEqual(writer.written.map(({ client_id }) => client_id).sort());
    expect(writer.disk.outbox.size).toBe(0);
    for (const chatId of writer.disk.cursors.keys()) {
      const written = writer.written.filter(
        ({ chat_id, client_id }) => chat_id === chatId && writer.sent.includes(client_id),
      );
      const isHere = new Set(written.map(({ client_id }) => client_id));
      const stored = world.server.stored(chatId).filter(({ client_id }) => isHere.has(client_id!));
      const isStored = new Set(stored.map(({ client_id }) => client_id));
      expect(
        stored.map(({ client_id }) => client_id),
        "stored once, in the order of writing",
      ).toEqual(
        written.map(({ client_id }) => client_id).filter((clientId) => isStored.has(clientId)),
      );
    }
  }
  for (const reader of world.devices) {
    if (reader.crashes === 0) {
      const own = reader.received.filter(({ client_id }) => reader.sent.includes(client_id!));
      expect(own, "not told what it sent itself").toEqual([]);
    }
    const ownIds = new Set(reader.written.map(({ client_id }) => client_id));
    const isOfOthers = ({ client_id }: ChatMessage) => !ownIds.has(client_id!);
    for (const [chatId, cursor] of reader.disk.cursors) {
      expect(cursor, "the cursor is where the chat is").toBe(world.server.lastSeq(chatId));
      const received = reader.received.filter(
        (message) => message.chat_id === chatId && isOfOthers(message),
      );
      const seqs = received.map(({ seq }) => seq!);
      expect(seqs, "received once, in order").toEqual([...new Set(seqs)].sort((a, b) => a - b));
      const missing = world.server
        .stored(chatId)
        .filter(isOfOthers)
        .filter(({ seq }) => !seqs.includes(seq!));
      expect(missing, "received all").toEqual([]);
    }
    const online = reader.notices.findLastIndex(({ type }) => type === "online");
    const caughtUp = reader.notices
      .slice(online)
      .flatMap((notice) => (notice.type === "caught_up" ? [notice.chat_id] : []));
    expect(new Set(caughtUp), "told that each chat is caught up").toEqual(
      new Set(reader.disk.cursors.keys()),
    );
    const surprising = reader.notices.filter(
      ({ type }) => type === "gap" || type === "rewound" || type === "error",
    );
    expect(surprising).toEqual([]);
  }
}

describe("whatever the network, the devices and the server go through", () => {
  it(`every message is handed over once and in order, or reported as failed (${runs} plans)`, () => {
    fc.assert(
      fc.property(plan, (given) => assertPromises(run(given))),
      { numRuns: runs, includeErrorInReport: true },
    );
  }, 600_000);
});

describe("the simulation itself", () => {
  const stormy: Plan = {
    seed: 7,
    weather: { drop: 0.1, duplicate: 0.3, late: 0.3, cut: 0.02, busy: 0.2, mute: 0.2 },
    steps: Array.from({ length: 120 }, (_, at) =>
      at % 3 === 0
        ? ({ kind: "wait", seconds: 2 } as const)
        : ({ kind: "send", device: at % 4, chat: 1 + (at % 2), isRefused: false } as const),
    ),
  };

  it("is the same again from the same seed", () => {
    const story = () => run(stormy).devices.map(({ received }) => received.map(({ seq }) => seq));
    expect(story()).toEqual(story());
  });

  it("has storms in which frames are lost, late and repeated", () => {
    const world = run(stormy);
    assertPromises(world);
    const notices = world.devices.flatMap((one) => one.notices);
    expect(notices.filter(({ type }) => type === "message").length).toBeGreaterThan(50);
    expect(notices.filter(({ type }) => type === "refused").length).toBeGreaterThan(0);
    expect(notices.filter(({ type }) => type === "offline").length).toBeGreaterThan(4);
  });
});
