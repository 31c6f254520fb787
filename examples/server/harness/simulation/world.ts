import { setTimeout as delay } from "node:timers/promises";
import { randomFrom } from "../../../../test/support/random.js";
import { createChat, register } from "../client/accounts.js";
import { Client } from "../client/client.js";
import type { ServerProcess } from "../processes/server-process.js";
import { until } from "../until.js";
import { deleteContent, readContents } from "../verify/contents.js";
import { type Broken, findBroken } from "../verify/promises.js";
import { CALM, CHATS, DEVICES, isMember, type Plan, type Step } from "./plan.js";
import { RoughNetwork } from "./rough-network.js";

/** For everything to arrive in good weather, on a busy machine too. */
const SETTLING_SECONDS = 120;

export interface Outcome extends Broken {
  readonly seed: number;
  readonly written: number;
  readonly failed: number;
  /** How often a device lost its connection, for whatever reason. */
  readonly timesOffline: number;
  /** How often a connection broke at some byte. */
  readonly breaks: number;
}

interface Device {
  readonly client: Client;
  readonly network: RoughNetwork;
}

interface World {
  readonly server: ServerProcess;
  readonly databaseUrl: string;
  readonly devices: readonly Device[];
  /** The ids of the plan's chats. */
  readonly chats: readonly number[];
  readonly random: () => number;
}

/** Has a plan happen to devices of new users at a running server. */
export async function playPlan(
  plan: Plan,
  server: ServerProcess,
  databaseUrl: string,
): Promise<Outcome> {
  const random = randomFrom(plan.seed);
  const world = await prepare(plan, { server, databaseUrl, random });
  const { devices } = world;
  try {
    for (const step of plan.steps) await perform(step, world);
    const isSettled = await settle(world);
    const clients = devices.map(({ client }) => client);
    const contents = await readContents(databaseUrl, world.chats);
    const broken = findBroken(contents, clients);
    if (!isSettled) broken.others.push(`not everything arrived in ${SETTLING_SECONDS} s`);
    const sum = (count: (device: Device) => number) =>
      devices.map(count).reduce((a, b) => a + b, 0);
    return {
      ...broken,
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
  { weather }: Plan,
  { server, databaseUrl, random }: Omit<World, "devices" | "chats">,
): Promise<World> {
  const accounts = await Promise.all([...new Set(DEVICES)].map(() => register(server.url)));
  const chats = await Promise.all(
    CHATS.map(([creator, peer]) => createChat(server.url, accounts[creator]!, accounts[peer]!)),
  );
  const devices: Device[] = [];
  for (const [at, user] of DEVICES.entries()) {
    const network = await RoughNetwork.start(server.port, weather, random);
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

async function perform(step: Step, world: World): Promise<void> {
  const { server, databaseUrl, devices, chats, random } = world;
  switch (step.kind) {
    case "send":
      // Some write to a chat that is not theirs, and are to hear that it failed.
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
      if (step.forgetsLess) client.disk.undoForget();
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

/** Good weather, and a last break of every connection that the weather had its way with: each device loses one at least. */
async function settle({ devices, databaseUrl, chats }: World): Promise<boolean> {
  for (const { network } of devices) network.weather = CALM;
  const isOnline = () => devices.every(({ client }) => client.isOnline);
  if (!(await until(isOnline, SETTLING_SECONDS))) return false;
  const before = devices.map(({ client }) => client.record.timesOffline);
  for (const { network } of devices) network.cut();
  const isCut = () => devices.every(({ client }, at) => client.record.timesOffline > before[at]!);
  if (!(await until(isCut, SETTLING_SECONDS))) return false;
  const isSent = () => devices.every(({ client }) => client.disk.outbox.size === 0);
  if (!(await until(isSent, SETTLING_SECONDS))) return false;
  const { lastSeqs } = await readContents(databaseUrl, chats);
  return until(
    () =>
      devices.every(({ client }) =>
        client.chats.every((chat) => client.disk.cursors.get(chat) === lastSeqs.get(chat)),
      ),
    SETTLING_SECONDS,
  );
}
