import { memoryStorage } from "lacre/client";
import { MlsChats, type MlsServer, memoryMlsStorage } from "lacre/client/mls";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { Groups, type GroupsOptions } from "../src/groups/index.js";
import { mlsServerOf } from "../src/index.js";
import { NodeWebSocket } from "../src/node/index.js";
import { enter, Line } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

const optionsOf = async (username: string) => ({
  ...{ account: await enter(server.url, username), WebSocket: NodeWebSocket },
  ...{ storage: memoryStorage(), mlsStorage: memoryMlsStorage(), onChange: () => {} },
});

/** Opens the groups of a new user, and makes the first device of the account. */
async function openGroups(options: GroupsOptions): Promise<Groups> {
  const groups = await Groups.open(options);
  await groups.mls.begin(() => {});
  await groups.mls.sync();
  return groups;
}

/** Whether a key package is for suite 1. The suite follows three fields of two bytes. */
const isClassic = (keyPackage: Uint8Array) => keyPackage[6] === 0 && keyPackage[7] === 1;

it("creates a group with suite 1 if a device has no key package for the hybrid suite", async () => {
  const bob = await enter(server.url, "bob");
  const bobServer = mlsServerOf(bob.api);
  const publish: MlsServer["publish"] = (device, packages, last) =>
    bobServer.publish(device, packages.filter(isClassic), last.filter(isClassic));
  const mls = await MlsChats.open({
    ...{ user_id: bob.user_id, storage: memoryMlsStorage(), server: { ...bobServer, publish } },
  });
  await mls.begin(() => {});
  await mls.sync();

  const groups = await openGroups(await optionsOf("alice"));
  const chatId = await groups.create("trip", ["bob"]);
  await mls.sync();
  expect(mls.get(chatId)).toMatchObject({ suite: 1, isActive: true });
  await mls.close();
  await groups.stop();
});

it("sends the name of a group to a new member if the device that added the member does not", async () => {
  const line = new Line();
  const adding = await openGroups({ ...(await optionsOf("dora")), WebSocket: line.WebSocket });
  const [other, added] = [
    await openGroups(await optionsOf("erin")),
    await openGroups(await optionsOf("frank")),
  ];
  const chatId = await adding.create("trip", ["erin"]);
  const hasTitle = (groups: Groups) => groups.get(chatId)?.title === "trip";
  await vi.waitUntil(() => hasTitle(adding) && hasTitle(other), { timeout: 30_000 });
  line.cut();
  await adding.mls.commit(chatId, { add: [added.mls.user_id] });
  await vi.waitUntil(() => hasTitle(added), { timeout: 30_000 });
  await Promise.all([adding, other, added].map((groups) => groups.stop()));
});

it("has the name of a group with many messages when it is opened again", async () => {
  const options = await optionsOf("grace");
  const groups = await openGroups(options);
  const peer = await openGroups(await optionsOf("ivan"));
  const chatId = await groups.create("trip", ["ivan"]);
  for (let at = 0; at < 110; at++) await groups.send(chatId, `${at}`);
  const isSent = () => groups.lines(chatId).every(({ seq }) => seq !== undefined);
  await vi.waitUntil(() => groups.lines(chatId).length > 110 && isSent(), { timeout: 30_000 });
  await groups.stop();
  const again = await Groups.open(options);
  await vi.waitUntil(() => again.get(chatId) !== undefined, { timeout: 30_000 });
  expect(again.get(chatId)!.title).toBe("trip");
  await Promise.all([again, peer].map((one) => one.stop()));
});
