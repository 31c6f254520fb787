import { MlsChats, memoryMlsStorage } from "lacre/client/mls";
import { afterAll, beforeAll, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { createMlsChat, mlsServerOf } from "../src/index.js";
import { enter } from "./device.js";

const server = new TestServer();
beforeAll(() => server.start());
afterAll(() => server.remove());

/** Registers a user with a device, which publishes its key packages when it is used. */
async function begin(username: string) {
  const { api, user_id } = await enter(server.url, username);
  const options = { user_id, storage: memoryMlsStorage(), server: mlsServerOf(api) };
  const mls = await MlsChats.open(options);
  await mls.begin(() => {});
  return { api, mls };
}

it("creates a chat with the hybrid suite if all devices have key packages for it", async () => {
  const [alice, bob] = [await begin("alice"), await begin("bob")];
  expect(await createMlsChat(alice.api, ["bob"])).toMatchObject({ suite: 1 });
  await Promise.all([alice, bob].map(({ mls }) => mls.sync()));
  expect(await createMlsChat(alice.api, ["bob"])).toMatchObject({ suite: 0xf00d });
  await Promise.all([alice, bob].map(({ mls }) => mls.close()));
});
