import { memoryStorage } from "lacre/client";
import { MlsChats, type MlsServer, memoryMlsStorage } from "lacre/client/mls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { Groups } from "../src/groups/index.js";
import { mlsServerOf } from "../src/index.js";
import { NodeWebSocket } from "../src/node/index.js";
import { enter } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

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

  const groups = await Groups.open({
    ...{ account: await enter(server.url, "alice"), WebSocket: NodeWebSocket },
    ...{ storage: memoryStorage(), mlsStorage: memoryMlsStorage(), onChange: () => {} },
  });
  await groups.mls.begin(() => {});
  await groups.mls.sync();
  const chatId = await groups.create("trip", ["bob"]);
  await mls.sync();
  expect(mls.get(chatId)).toMatchObject({ suite: 1, isActive: true });
  await mls.close();
  await groups.stop();
});
