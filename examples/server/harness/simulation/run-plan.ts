import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { createChat, register } from "../client/accounts.js";
import { Client } from "../client/client.js";
import type { ServerProcess } from "../processes/server-process.js";
import { until } from "../until.js";
import { deleteContent, readContents } from "../verify/contents.js";
import { findViolations, type Violations } from "../verify/guarantees.js";
import { CHATS, DEVICES, isMember, type Plan, RELIABLE, type Step } from "./plan.js";
import { UnreliableNetwork } from "./unreliable-network.js";

/** Maximum seconds until all messages have arrived over a reliable network. Enough for a busy machine. */
const SETTLE_SECONDS = 120;

export interface Outcome extends Violations {
  readonly seed: number;
  readonly written: number;
  readonly failed: number;
  /** How often a device lost its connection, for any reason. */
  readonly timesOffline: number;
  /** How often a connection broke at a random byte. */
  readonly breaks: number;
}

interface Device {
  readonly client: Client;
  readonly network: UnreliableNetwork;
}

interface Simulation {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
  readonly devices: readonly Device[];
  /** The ids of the plan's chats. */
  readonly chats: readonly number[];
  readonly random: () => number;
}

/** Runs a plan with devices of new users on a running server. */
export async function runPlan(
  plan: Plan,
  server: ServerProcess,
  databaseUrl: string,
): Promise<Outcome> {
  const random = randomFrom(plan.seed);
  const simulation = await prepare(plan, { server, databaseUrl, random });
  const { devices } = simulation;
  try {
    for (const step of plan.steps) await runStep(step, simulation);
    const isSettled = await settle(simulation);
    const clients = devices.map(({ client }) => client);
    const contents = await readContents(databaseUrl, simulation.chats);
    const violations = findViolations(contents, clients);
    if (!isSettled) violations.others.push(`not all messages arrived within ${SETTLE_SECONDS} s`);
    const sum = (count: (device: Device) => number) =>
      devices.map(count).reduce((a, b) => a + b, 0);
    return {
      ...violations,
      seed: plan.seed,
      written: sum(({ client }) => client.record.written.length),
      failed: sum(({ client }) => client.record.failed.size),
      timesOffline: sum(({ client }) => client.record.timesOffline),
      breaks: sum(({ network }) => network.breaks),
    };
  } finally {
    for (const { client, network } of devices) {
      client.kill();
      network.close();
    }
  }
}

async function prepare(
  { conditions }: Plan,
  { server, databaseUrl, random }: Omit<Simulation, "devices" | "chats">,
): Promise<Simulation> {
  const accounts = await Promise.all([...new Set(DEVICES)].map(() => register(server.url)));
  const chats = await Promise.all(
    CHATS.map(([creator, peer]) => createChat(server.url, accounts[creator]!, accounts[peer]!)),
  );
  const devices: Device[] = [];
  for (const [at, user] of DEVICES.entries()) {
    const network = await UnreliableNetwork.start(server.port, conditions, random);
    const client = new Client({
      account: accounts[user]!,
      chats: chats.filter((_, chat) => isMember(at, chat)),
      urlOf: () => network.url,
      random,
      wires: at % 2 === 0 ? [2, 1] : [1],
    });
    client.start();
    devices.push({ client, network });
  }
  return { server, databaseUrl, devices, chats, random };
}

async function runStep(step: Step, simulation: Simulation): Promise<void> {
  const { server, databaseUrl, devices, chats, random } = simulation;
  switch (step.kind) {
    case "send":
      // The user may not be a member of the chat: the message must then fail.
      for (let count = 0; count < step.count; count++) {
        devices[step.device]!.client.write(chats[step.chat]!);
      }
      return;
    case "read":
      return devices[step.device]!.client.read(chats[step.chat]!);
    case "cut":
      return devices[step.device]!.network.cut();
    case "crash": {
      const { client } = devices[step.device]!;
      client.kill();
      if (step.undoesRemove) client.disk.undoRemove();
      return client.start();
    }
    case "kill":
      await server.kill();
      return server.start();
    case "delete":
      return deleteContent(databaseUrl, chats[step.chat]!, random);
    case "wait":
      await delay(step.ms);
  }
}

/** Makes the network reliable, breaks each connection once more, and waits until all messages have arrived. */
async function settle({ devices, databaseUrl, chats }: Simulation): Promise<boolean> {
  for (const { network } of devices) network.conditions = RELIABLE;
  const isOnline = () => devices.every(({ client }) => client.isOnline);
  if (!(await until(isOnline, SETTLE_SECONDS))) return false;
  const before = devices.map(({ client }) => client.record.timesOffline);
  for (const { network } of devices) network.cut();
  const isCut = () => devices.every(({ client }, at) => client.record.timesOffline > before[at]!);
  if (!(await until(isCut, SETTLE_SECONDS))) return false;
  const isSent = () => devices.every(({ client }) => client.disk.outbox.size === 0);
  if (!(await until(isSent, SETTLE_SECONDS))) return false;
  const { lastSeqs } = await readContents(databaseUrl, chats);
  return until(
    () =>
      devices.every(({ client }) =>
        client.chats.every((chat) => client.disk.cursors.get(chat) === lastSeqs.get(chat)),
      ),
    SETTLE_SECONDS,
  );
}
