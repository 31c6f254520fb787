import { MlsChats, memoryMlsStorage } from "lacre/client/mls";
import { extendLog, makeEntry, type RecoveryKey } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TestServer } from "../../server/test/support.js";
import { type Account, mlsServerOf } from "../src/index.js";
import { enter } from "./device.js";

/** More chats than a page of the list has, and more entries than a page of a device log has. */
const MANY_CHATS = 51;
const MANY_ENTRIES = 130;
const server = new TestServer();
const opened: MlsChats[] = [];

beforeAll(() => server.start());
afterAll(async () => {
  for (const mls of opened) await mls.close();
  await server.remove();
});

async function openMls({ api, user_id }: Account): Promise<MlsChats> {
  const mls = await MlsChats.open({
    ...{ user_id, storage: memoryMlsStorage(), server: mlsServerOf(api) },
  });
  opened.push(mls);
  return mls;
}

/** Registers a user, and makes the first device of the account. */
async function begin(username: string) {
  const account = await enter(server.url, username);
  const mls = await openMls(account);
  let recoveryKey: RecoveryKey | undefined;
  await mls.begin((key) => {
    recoveryKey = key;
  });
  await mls.sync();
  return { account, mls, recoveryKey: recoveryKey! };
}

const createChat = ({ api }: Account, ...members: string[]) =>
  api.createChat({ members, encryption_type: "MLS", suite: 1 });

describe("mlsServerOf", () => {
  it("has all that a group needs: device logs, key packages, invitations and commits", async () => {
    const [alice, bob] = [await begin("alice"), await begin("bob")];
    const { chat_id } = await createChat(alice.account, "bob");
    await alice.mls.create(chat_id, { suite: 1, add: [bob.account.user_id] });
    await bob.mls.sync();
    expect(bob.mls.get(chat_id)!.authenticator).toEqual(alice.mls.get(chat_id)!.authenticator);
    expect(await mlsServerOf(bob.account.api).chats()).toEqual([chat_id]);

    const second = await openMls(await enter(server.url, "bob", { how: "login" }));
    await bob.mls.addDevice(await second.link());
    await second.sync();
    expect(second.isLinked).toBe(true);
    expect(second.get(chat_id)!.roster).toHaveLength(3);

    await alice.mls.sync();
    await bob.mls.leave(chat_id);
  });

  it("has no acceptance of a device that did not ask to be added", async () => {
    const { api } = await enter(server.url, "carol");
    expect(await mlsServerOf(api).acceptance("0".repeat(32))).toBeUndefined();
  });

  it("rejects with the status and the code of the server", async () => {
    const { api } = await enter(server.url, "dora");
    await expect(mlsServerOf(api).groupInfo(999)).rejects.toMatchObject({
      ...{ status: 404, code: "ERR_CHAT_NOT_FOUND" },
    });
  });

  it("returns all pages of a device log", async () => {
    const { account, mls, recoveryKey } = await begin("grace");
    const { user_id } = account;
    await server.withStore(async (store) => {
      for (;;) {
        const log = (await mls.log(user_id))!;
        if (log.seq === MANY_ENTRIES) return;
        const now = Date.now() / 1000;
        const change = { op: "recovery", signer: recoveryKey, recoveryKey, now } as const;
        const entry = await makeEntry(log, change);
        const { seq, head } = extendLog(log, entry, user_id);
        await store.devices.addEntry({ user_id, seq, head, entry, stored_at: now });
      }
    });
    const { entries } = mlsServerOf(account.api);
    expect(await entries(user_id, 0)).toHaveLength(MANY_ENTRIES);
    expect(await entries(user_id, MANY_ENTRIES - 1)).toHaveLength(1);
  });

  it("lists the chats that have a group, from all pages", async () => {
    const { account, mls } = await begin("erin");
    await begin("frank");
    const chatIds: number[] = [];
    for (let count = 0; count < MANY_CHATS; count++)
      chatIds.push((await createChat(account, "frank")).chat_id);
    expect(await mlsServerOf(account.api).chats()).toEqual([]);
    const grouped = [chatIds[0]!, chatIds.at(-1)!];
    for (const chatId of grouped) await mls.create(chatId, { suite: 1, add: [] });
    expect((await mlsServerOf(account.api).chats()).sort()).toEqual(grouped.sort());
  });
});
