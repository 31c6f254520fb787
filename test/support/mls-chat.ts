import type { ChatMessage } from "../../src/messages/chat.js";
import { Device, type DeviceLog, extendLog, MlsChat, makeEntry } from "../../src/mls/index.js";

/** A time for all messages whose time does not matter: Unix time in seconds. */
export const now = 1_700_000_000;

let ids = 0;

/** Returns what identifies a new message. */
export function identity() {
  ids += 1;
  return {
    client_id: `018bcfe5-687b-7abc-8def-${ids.toString(16).padStart(12, "0")}`,
    timestamp: now,
  };
}

/** A user with its devices and its device log. */
export interface TestUser {
  readonly user_id: number;
  readonly devices: Device[];
  log: DeviceLog;
}

/** Returns a new user with some devices. */
export async function newUser(user_id: number, count = 1): Promise<TestUser> {
  const { device, entry } = await Device.begin({ user_id, now, extractable: true });
  const user: TestUser = { user_id, devices: [device], log: extendLog(undefined, entry, user_id) };
  while (user.devices.length < count) await addDevice(user);
  return user;
}

/** Adds a device to a user's log. */
export async function addDevice(user: TestUser): Promise<Device> {
  const { user_id, devices } = user;
  const device = await Device.generate({ user_id, extractable: true });
  const acceptance = await device.accept(user.log, now);
  const signer = devices[0]!;
  const change = { op: "add", signer, publicKey: device.publicKey, acceptance, now } as const;
  user.log = extendLog(user.log, await makeEntry(user.log, change));
  devices.push(device);
  return device;
}

/** Removes a device from a user's log. */
export async function removeDevice(user: TestUser, device: Device, signer = user.devices[0]!) {
  const change = { op: "remove", signer, device: device.id, now } as const;
  user.log = extendLog(user.log, await makeEntry(user.log, change));
}

export const logsOf = (users: readonly TestUser[]) => users.map(({ log }) => log);

export type Suite = 1 | 0xf00d;

/** Returns the chats of all devices of some users, after the first device created the group. */
export async function chatOf(users: readonly TestUser[], suite: Suite = 1): Promise<MlsChat[]> {
  const [first, ...others] = users.flatMap(({ devices }) => devices);
  const logs = logsOf(users);
  const kept = await Promise.all(
    others.map((device) => device.keyPackages({ count: 1, suites: [suite] })),
  );
  const { chat, request } = await MlsChat.create(first!, {
    chat_id: 42,
    suite,
    add: users.slice(1).map(({ user_id }) => user_id),
    keyPackages: kept.flatMap(({ publish }) => publish),
    logs,
    ...identity(),
  });
  const chats = [chat.accept().chat];
  for (const [at, device] of others.entries()) {
    const { content } = request.invitation!;
    const { keep } = kept[at]!;
    chats.push((await MlsChat.join(device, { chat_id: 42, content, keep, logs, now })).chat);
  }
  return chats;
}

export const text = (text: string) => ({ kind: "text" as const, text });

/** Encrypts a text. */
export async function write(chat: MlsChat, content: string) {
  return chat.encrypt({ content: text(content), ...identity() });
}

/** Receives a message with some chats. Returns them after it, and the events. */
export async function receiveAll(
  chats: readonly MlsChat[],
  message: ChatMessage,
  users: readonly TestUser[],
) {
  const steps = [];
  for (const chat of chats) steps.push(await chat.receive(message, logsOf(users)));
  return { chats: steps.map(({ chat }) => chat), events: steps.map(({ event }) => event) };
}
