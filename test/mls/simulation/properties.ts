import { expect } from "vitest";
import { encodeHex } from "../../../src/bytes.js";
import type { Client } from "./client.js";
import type { Simulation, Written } from "./simulation.js";

/** Checks what holds with every server. */
export async function expectSafety(simulation: Simulation): Promise<void> {
  const written = new Map(simulation.written.map((one) => [one.client_id, one]));
  for (const client of simulation.clients) {
    const ids = client.disk.reads.map(({ client_id, sender }) => `${sender.device} ${client_id}`);
    expect(ids, "reads each text once").toEqual([...new Set(ids)]);
    for (const { chat_id, client_id, timestamp, text, sender } of client.disk.reads) {
      const { user_id, device, ...rest } = written.get(client_id)!;
      const { chat_id: inChat, text: wrote, timestamp: at } = rest;
      const expected = { chat_id: inChat, text: wrote, timestamp: at, sender: { user_id, device } };
      expect({ chat_id, text, timestamp, sender }, "reads what was written").toEqual(expected);
    }
    await expectNoGhosts(simulation, client);
  }
}

/** Checks that all devices in the rosters of a client are real ones. */
async function expectNoGhosts({ clients, chatIds }: Simulation, client: Client): Promise<void> {
  const devices = new Map(clients.map(({ id, user_id }) => [id, user_id]));
  for (const chat_id of chatIds) {
    const chat = await client.chat(chat_id);
    for (const { user_id, device } of chat?.roster ?? []) {
      expect(devices.get(device), "the roster has no ghost").toBe(user_id);
    }
  }
}

/** Checks what holds with an honest server, after the simulation has settled. */
export async function expectDelivery(simulation: Simulation): Promise<void> {
  for (const chat_id of simulation.chatIds) {
    expectTextsArrive(simulation, chat_id);
    if (!isAbandoned(simulation, chat_id)) await expectAgreement(simulation, chat_id);
  }
  for (const client of simulation.clients.filter((one) => one.isOnline)) {
    const left = client.disk.outbox.filter(
      ({ message }) => !isAbandoned(simulation, message.chat_id),
    );
    expect(left, "nothing is left to send").toEqual([]);
    for (const { stopped } of client.disk.chats.values()) expect(stopped).toBeUndefined();
  }
}

/** Returns whether all users leave who have a device that could commit that. Then nothing is possible any more. */
function isAbandoned({ server, clients }: Simulation, chat_id: number): boolean {
  const online = clients.filter((one) => one.isOnline && server.mayRead(one, chat_id));
  const isLeaving = (user_id: number) =>
    online.some((one) => one.user_id === user_id && one.stored(chat_id).leavingIn !== undefined);
  return online.every(({ user_id }) => isLeaving(user_id));
}

async function expectAgreement({ server, clients }: Simulation, chat_id: number): Promise<void> {
  const { members, epoch } = server.chats.get(chat_id)!;
  const online = clients.filter((one) => one.isOnline && members.has(one.user_id));
  const inLog = clients.filter((one) => server.isDevice(one) && members.has(one.user_id));
  for (const client of online) {
    const chat = (await client.chat(chat_id))!;
    const [first] = online;
    const other = (await first!.chat(chat_id))!;
    expect(chat.isActive, "the device is in the group").toBe(true);
    expect(chat.epoch).toBe(BigInt(epoch));
    expect(chat.authenticator, "devices agree").toEqual(other.authenticator);
    expect(chat.members).toEqual([...members.keys()].sort((a, b) => a - b));
    const ids = chat.roster.map(({ device }) => device).sort();
    expect(
      ids.filter((id) => !inLog.some((one) => one.id === id)),
      "no removed device",
    ).toEqual([]);
    expect(
      online.filter(({ id }) => !ids.includes(id)),
      "all devices are there",
    ).toEqual([]);
  }
}

function expectTextsArrive({ server, written, clients }: Simulation, chat_id: number): void {
  const { messages, members } = server.chats.get(chat_id)!;
  const contents = new Map(written.map((one) => [encodeHex(one.content), one]));
  for (const { seq, message } of messages) {
    if (message.content_type !== undefined) continue;
    const { roster, client_id, text, device } = contents.get(
      encodeHex(message.content),
    )! as Written;
    for (const client of clients) {
      const isReader = roster.includes(client.id) && client.id !== device;
      const { cursor } = client.stored(chat_id);
      const from = members.get(client.user_id) ?? Number.POSITIVE_INFINITY;
      if (!isReader || !client.isOnline || seq > cursor || seq < from) continue;
      const reads = client.disk.reads.filter((one) => one.client_id === client_id);
      const reports = client.disk.reports.filter(
        (one) => one.chat_id === chat_id && one.seq === seq,
      );
      const writer = clients.find(({ id }) => id === device)!;
      // A device that was reset can repeat a generation, or miss an epoch. Then the text must be reported.
      const mayReport = client.wasReset || writer.wasReset;
      const isReported = reads.length === 0 && reports.length > 0 && mayReport;
      const isKnown = reads.length === 1 || isReported;
      expect(isKnown, `${text} is read once or reported by ${client.id}`).toBe(true);
    }
  }
}
