import { Device } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLog } from "../../src/log.js";
import { Sweeper } from "../../src/messages/sweeper.js";
import { base64, DeviceAccount, keyPackageOf } from "../device-account.js";
import { TestServer, type TestUser } from "../support.js";

const server = new TestServer();
beforeAll(async () => {
  await server.start();
});
afterAll(() => server.remove());

const rejected = (status: number, error_code: string) => ({ status, body: { error_code } });
const XWING = 0xf00d;

let users = 0;
async function account(): Promise<DeviceAccount> {
  users += 1;
  return DeviceAccount.begin(await server.register(`user${users}`));
}

const many = (count: number, device: Device, suite = 1) =>
  Array.from({ length: count }, () => keyPackageOf(device, suite));

function publish(
  { user, first }: DeviceAccount,
  key_packages: readonly Uint8Array[],
  last_resort: readonly Uint8Array[] = [],
  device = first.id,
) {
  const body = { key_packages: key_packages.map(base64), last_resort: last_resort.map(base64) };
  return user.post(`/devices/${device}/key-packages`, body);
}

function claim(by: TestUser, chat_id: number, user_ids: readonly number[], suite = 1) {
  return by.post(`/chats/${chat_id}/key-packages/claim`, { user_ids, suite });
}

/** Two users with a chat, each with one device. */
async function chatOfTwo() {
  const [alice, bob] = [await account(), await account()];
  const chat_id = await alice.user.chatWith(`user${users}`);
  return { alice, bob, chat_id, ids: [alice.user.id, bob.user.id] };
}

const countOf = async ({ user, first }: DeviceAccount) =>
  (await user.get(`/devices/${first.id}/key-packages`)).body.suites;

describe("key packages", () => {
  it("are counted for each suite", async () => {
    const alice = await account();
    expect(await countOf(alice)).toEqual([]);
    await publish(alice, many(2, alice.first));
    const published = await publish(alice, many(3, alice.first, XWING), many(1, alice.first));
    const suites = [
      { suite: 1, count: 2, has_last_resort: true },
      { suite: XWING, count: 3, has_last_resort: false },
    ];
    expect(published).toMatchObject({ status: 200, body: { suites } });
    expect(await countOf(alice)).toEqual(suites);
  });

  it("are at most 100 for each suite, and one of last resort", async () => {
    const alice = await account();
    const { first } = alice;
    expect((await publish(alice, many(99, first))).status).toBe(200);
    expect(await publish(alice, many(2, first))).toMatchObject(rejected(403, "ERR_QUOTA_EXCEEDED"));
    expect(await countOf(alice)).toMatchObject([{ count: 99 }]);
    expect((await publish(alice, many(1, first), many(1, first))).status).toBe(200);
    expect((await publish(alice, many(100, first, XWING))).status).toBe(200);
    const counts = { count: 100, has_last_resort: true };
    expect(await countOf(alice)).toMatchObject([counts, { count: 100 }]);
    expect((await publish(alice, many(101, first))).status).toBe(422);
    const twice = [...many(2, first), ...many(1, first, XWING)];
    for (const last of [twice, twice.slice(0, 2)]) {
      expect(await publish(alice, [], last)).toMatchObject(rejected(422, "ERR_VALIDATION"));
    }
  });

  it("have at most 4,096 bytes each, of which 100 fit in a request", async () => {
    const alice = await account();
    const rest = keyPackageOf(alice.first).length - 64;
    const sized = (bytes: number, suite = XWING) => keyPackageOf(alice.first, suite, bytes - rest);
    expect(sized(4096)).toHaveLength(4096);
    expect(await publish(alice, [sized(4097)])).toMatchObject(rejected(422, "ERR_VALIDATION"));
    const most = Array.from({ length: 100 }, () => sized(4096));
    expect((await publish(alice, most, [sized(4096), sized(4096, 1)])).status).toBe(200);
    expect(await countOf(alice)).toEqual([
      { suite: 1, count: 0, has_last_resort: true },
      { suite: XWING, count: 100, has_last_resort: true },
    ]);
  });

  it("are stored once, also if the request is repeated after a claim", async () => {
    const { alice, bob, chat_id } = await chatOfTwo();
    const keyPackages = many(2, bob.first);
    for (let time = 0; time < 2; time++) {
      await publish(bob, keyPackages);
      expect(await countOf(bob)).toMatchObject([{ count: 2 }]);
    }
    const { body } = await claim(alice.user, chat_id, [bob.user.id]);
    expect(body.devices).toEqual([
      { user_id: bob.user.id, device: bob.first.id, key_package: base64(keyPackages[0]!) },
    ]);
    await publish(bob, keyPackages);
    expect(await countOf(bob)).toMatchObject([{ count: 1 }]);
  });

  it("are those of a device in the user's log", async () => {
    const [alice, bob] = [await account(), await account()];
    const unknown = await Device.generate({ user_id: alice.user.id });
    expect(await publish(alice, many(1, unknown), [], unknown.id)).toMatchObject(
      rejected(404, "ERR_DEVICE_NOT_FOUND"),
    );
    expect(await publish(alice, [], [], bob.first.id)).toMatchObject(
      rejected(404, "ERR_DEVICE_NOT_FOUND"),
    );
    expect((await alice.user.get(`/devices/${bob.first.id}/key-packages`)).status).toBe(404);
    const second = await alice.addDevice();
    const { id, publicKey } = alice.first;
    const ofOther = { user_id: bob.user.id, id, publicKey };
    const damaged = keyPackageOf(alice.first).slice(1);
    for (const wrong of [
      keyPackageOf(second),
      keyPackageOf(ofOther),
      damaged,
      keyPackageOf(alice.first, 2),
    ]) {
      for (const list of [[[wrong]], [[], [wrong]]] as const) {
        expect(await publish(alice, ...(list as unknown as [Uint8Array[]]))).toMatchObject(
          rejected(422, "ERR_VALIDATION"),
        );
      }
    }
    expect(await countOf(alice)).toEqual([]);
  });

  it("make a session one of their device, and of no other", async () => {
    const alice = await account();
    const second = await alice.addDevice();
    expect((await publish(alice, [])).status).toBe(200);
    expect(await publish(alice, many(1, second), [], second.id)).toMatchObject(
      rejected(403, "ERR_FORBIDDEN"),
    );
    expect((await publish(alice, many(1, alice.first))).status).toBe(200);
  });
});

describe("a claim", () => {
  it("receives one key package of each device of the named users, and no other receives it", async () => {
    const { alice, bob, chat_id, ids } = await chatOfTwo();
    const second = await bob.addDevice();
    await publish(alice, many(5, alice.first));
    await publish(bob, many(5, bob.first));
    await server.login(`user${users}`).then((session) =>
      session.post(`/devices/${second.id}/key-packages`, {
        key_packages: many(5, second).map(base64),
      }),
    );
    const seen = new Set<string>();
    for (let time = 0; time < 3; time++) {
      const { status, body } = await claim(bob.user, chat_id, [...ids, bob.user.id]);
      expect(status).toBe(200);
      // Not the device of the session, which cannot add itself.
      expect(body.devices.map(({ device }: { device: string }) => device).sort()).toEqual(
        [alice.first.id, second.id].sort(),
      );
      for (const one of body.devices) seen.add(one.key_package);
    }
    expect(seen.size).toBe(6);
    expect(await countOf(alice)).toMatchObject([{ count: 2 }]);
    expect(await countOf(bob)).toMatchObject([{ count: 5 }]);
  });

  it("receives no key package twice if several claim at the same time", async () => {
    const { alice, bob, chat_id, ids } = await chatOfTwo();
    await publish(alice, many(8, alice.first));
    await publish(bob, many(8, bob.first));
    const by = (at: number) => (at % 2 === 0 ? alice.user : bob.user);
    const order = (at: number) => (at % 3 === 0 ? ids : [...ids].reverse());
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, at) => claim(by(at), chat_id, order(at))),
    );
    const given = answers.flatMap(({ body }) =>
      body.devices.map(({ key_package }: { key_package?: string }) => key_package),
    );
    const all = given.filter((one) => one !== undefined);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(12);
    const left = [(await countOf(alice))[0].count, (await countOf(bob))[0].count];
    expect(left).toEqual([2, 2]);
  });

  it("receives that of last resort when no other is left, again and again", async () => {
    const { alice, bob, chat_id } = await chatOfTwo();
    const [oneTime, earlier, last] = many(3, bob.first);
    await publish(bob, [], [earlier!]);
    await publish(bob, [oneTime!], [last!]);
    const received = [];
    for (let time = 0; time < 3; time++) {
      const { body } = await claim(alice.user, chat_id, [bob.user.id]);
      received.push(body.devices[0].key_package);
    }
    expect(received).toEqual([oneTime, last, last].map((one) => base64(one!)));
  });

  it("names devices that have no key package of the suite, and no removed devices", async () => {
    const { alice, bob, chat_id } = await chatOfTwo();
    await publish(bob, many(1, bob.first, XWING));
    const second = await bob.addDevice();
    const devices = async () =>
      (await claim(alice.user, chat_id, [bob.user.id])).body.devices as { device: string }[];
    expect(await devices()).toEqual(
      expect.arrayContaining([
        { user_id: bob.user.id, device: bob.first.id },
        { user_id: bob.user.id, device: second.id },
      ]),
    );
    await bob.extend(await bob.removalOf(second));
    expect(await devices()).toEqual([{ user_id: bob.user.id, device: bob.first.id }]);
  });

  it("may name any user, also one without devices, but only in a chat of one's own", async () => {
    const { alice, chat_id } = await chatOfTwo();
    const carol = await account();
    await publish(carol, many(1, carol.first));
    const { body } = await claim(alice.user, chat_id, [carol.user.id, 999_999]);
    expect(body.devices).toMatchObject([{ user_id: carol.user.id, device: carol.first.id }]);
    expect(body.devices[0].key_package).toBeDefined();
    for (const id of [chat_id, 999_999]) {
      expect(await claim(carol.user, id, [alice.user.id])).toMatchObject(
        rejected(404, "ERR_CHAT_NOT_FOUND"),
      );
    }
    for (const body of [
      { user_ids: [], suite: 1 },
      { user_ids: Array.from({ length: 65 }, (_, at) => at + 1), suite: 1 },
      { user_ids: [1], suite: 0 },
      { user_ids: [0], suite: 1 },
      { user_ids: [1] },
    ]) {
      expect(await alice.user.post(`/chats/${chat_id}/key-packages/claim`, body)).toMatchObject(
        rejected(422, "ERR_VALIDATION"),
      );
    }
  });

  it("of one user by another is limited to 30 in an hour", async () => {
    const { alice, bob, chat_id } = await chatOfTwo();
    await publish(bob, many(40, bob.first));
    for (let time = 0; time < 30; time++) {
      expect((await claim(alice.user, chat_id, [bob.user.id])).status).toBe(200);
    }
    expect(await claim(alice.user, chat_id, [bob.user.id])).toMatchObject(
      rejected(429, "ERR_RATE_LIMITED"),
    );
    expect(await countOf(bob)).toMatchObject([{ count: 10 }]);
    // Others are not affected, nor are claims of others.
    expect((await claim(bob.user, chat_id, [bob.user.id])).status).toBe(200);
    expect((await claim(alice.user, chat_id, [alice.user.id])).status).toBe(200);
  });

  it("uses up at most 60 key packages of a user's device in an hour, and then receives that of last resort", async () => {
    const { alice, bob, chat_id } = await chatOfTwo();
    const carol = await account();
    const ofCarol = await carol.user.chatWith(`user${users - 1}`);
    const last = keyPackageOf(bob.first);
    await publish(bob, many(100, bob.first), [last]);
    for (let time = 0; time < 30; time++) {
      await claim(alice.user, chat_id, [bob.user.id]);
      await claim(carol.user, ofCarol, [bob.user.id]);
    }
    const dave = await account();
    const ofDave = await dave.user.chatWith(`user${users - 2}`);
    const { body } = await claim(dave.user, ofDave, [bob.user.id]);
    expect(body.devices[0].key_package).toBe(base64(last));
    expect(await countOf(bob)).toMatchObject([{ count: 40 }]);
  });
});

it("deletes claimed key packages from the database after 7 days", async () => {
  const bob = await account();
  await publish(bob, many(2, bob.first));
  await server.withStore(async (store) => {
    const weekAgo = Date.now() / 1000 - 7 * 24 * 3600;
    for (const claimed_at of [weekAgo - 10, weekAgo + 1000]) {
      const [oldest] = await store.keyPackages.listOldest([bob.user.id], 1);
      await store.keyPackages.claim([oldest!.id], claimed_at);
    }
    await new Sweeper(store, createLog("silent")).sweep();
    const left = await store.keyPackages.deleteClaimed({ until: weekAgo + 2000, limit: 10 });
    expect(left).toBe(1);
  });
});
