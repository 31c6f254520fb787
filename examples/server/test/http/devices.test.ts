import { Device, makeEntry, readLog } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64, DeviceAccount, keyPackageOf } from "../device-account.js";
import { TestServer, type TestUser } from "../support.js";

const server = new TestServer();
beforeAll(async () => {
  await server.start();
});
afterAll(() => server.remove());

const rejected = (status: number, error_code: string) => ({ status, body: { error_code } });
const UNKNOWN = "0".repeat(32);

let users = 0;
async function account(): Promise<DeviceAccount> {
  users += 1;
  return DeviceAccount.begin(await server.register(`user${users}`));
}

/** Returns another session of the account's user. */
const login = () => server.login(`user${users}`);

async function readEntries(reader: TestUser, user_id: number, after = 0) {
  const { body } = await reader.get(`/users/${user_id}/devices?after=${after}`);
  return body;
}

describe("a device log", () => {
  it("is what its user posted, for each user", async () => {
    const alice = await account();
    const { user, first } = alice;
    const second = await alice.addDevice();
    const bob = await server.register("bob");
    for (const reader of [user, bob]) {
      const { entries, ...rest } = await readEntries(reader, user.id);
      expect(rest).toEqual({ user_id: user.id, last_seq: 2, has_more: false });
      const log = readLog(
        entries.map((entry: string) => Buffer.from(entry, "base64")),
        { user_id: user.id, pin: alice.log },
      );
      expect(log.devices.map(({ id }) => id)).toEqual([first.id, second.id]);
    }
    expect(await readEntries(bob, user.id, 1)).toMatchObject({
      entries: [base64(alice.log.entries[1]!.bytes)],
      last_seq: 2,
    });
    for (const after of [2, 3, 5000]) {
      const none = { entries: [], last_seq: 2, has_more: false };
      expect(await readEntries(bob, user.id, after)).toMatchObject(none);
    }
  });

  it("is empty before the first entry, and does not exist without the user", async () => {
    const user = await server.register("carol");
    expect(await readEntries(user, user.id)).toEqual({
      ...{ user_id: user.id, entries: [], last_seq: 0, has_more: false },
    });
    for (const id of ["0", "999999", "x", "-1", `${2 ** 53}`]) {
      expect(await user.get(`/users/${id}/devices`)).toMatchObject(
        rejected(404, "ERR_USER_NOT_FOUND"),
      );
    }
    for (const after of ["-1", "1.5", "x"]) {
      expect((await user.get(`/users/${user.id}/devices?after=${after}`)).status).toBe(422);
    }
  });

  it("takes each entry once, and answers a repeated one again", async () => {
    const alice = await DeviceAccount.make(await server.register("erin"));
    const { user } = alice;
    expect(await alice.post(alice.log.entries[0]!.bytes)).toMatchObject({
      status: 201,
      body: { user_id: user.id, last_seq: 1 },
    });
    await alice.addDevice();
    for (const { bytes } of alice.log.entries) {
      expect(await alice.post(bytes)).toMatchObject({ status: 200, body: { last_seq: 2 } });
    }
    expect((await readEntries(user, user.id)).entries).toHaveLength(2);
  });

  it("rejects another entry with a seq that is taken", async () => {
    const alice = await account();
    const devices = [0, 1].map(() => Device.generate({ user_id: alice.user.id }));
    const [first, second] = await Promise.all(
      devices.map(async (device) => alice.additionOf(await device)),
    );
    expect((await alice.post(first!)).status).toBe(201);
    expect(await alice.post(second!)).toMatchObject({
      ...rejected(409, "ERR_LOG_TAKEN"),
      body: { error_code: "ERR_LOG_TAKEN", details: { last_seq: 2 } },
    });
    expect((await readEntries(alice.user, alice.user.id)).entries).toEqual([
      base64(alice.log.entries[0]!.bytes),
      base64(first!),
    ]);
  });

  it("stays one log if several entries with one seq are posted at the same time", async () => {
    const alice = await account();
    const entries = await Promise.all(
      Array.from({ length: 6 }, async () =>
        alice.additionOf(await Device.generate({ user_id: alice.user.id })),
      ),
    );
    const answers = await Promise.all(entries.map((entry) => alice.post(entry)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(5).fill(409)]);
    const stored = await readEntries(alice.user, alice.user.id);
    const winner = entries[answers.findIndex(({ status }) => status === 201)]!;
    expect(stored.entries.slice(1)).toEqual([base64(winner)]);
  });

  it("rejects entries that do not follow, and stores none of them", async () => {
    const [alice, bob] = [await account(), await account()];
    const device = await Device.generate({ user_id: alice.user.id });
    const entry = await alice.additionOf(device);
    const damaged = entry.slice();
    damaged[170]! ^= 1;
    const invalid = rejected(422, "ERR_DEVICE_LOG_INVALID");
    expect(await alice.post(damaged)).toMatchObject(invalid);
    // The entry of another user, and one that skips a seq.
    expect(await alice.post(entry, bob.user)).toMatchObject(invalid);
    await alice.extend(entry);
    const fourth = await alice.removalOf(device);
    const dave = await DeviceAccount.begin(await server.register("dave"));
    expect(await dave.post(fourth)).toMatchObject(invalid);
    expect((await readEntries(dave.user, dave.user.id)).last_seq).toBe(1);
    for (const body of [{}, { entry: base64(entry.slice(1)) }, { entry: 1 }, { entry: "x" }]) {
      expect(await alice.user.post("/devices", body)).toMatchObject(
        rejected(422, "ERR_VALIDATION"),
      );
    }
  });

  it("is listed in pages of 128 entries", async () => {
    const alice = await account();
    const { recoveryKey, user } = alice;
    await server.withStore(async (store) => {
      while (alice.log.seq < 130) {
        const now = Date.now() / 1000;
        const entry = await makeEntry(alice.log, {
          ...{ op: "recovery", signer: recoveryKey, recoveryKey, now },
        });
        const { user_id } = alice.log;
        alice.log = readLog([...alice.log.entries.map(({ bytes }) => bytes), entry], {
          ...{ user_id, verified: alice.log },
        });
        const { seq, head } = alice.log;
        await store.devices.addEntry({ user_id, seq, head, entry, stored_at: now });
      }
    });
    const page = await readEntries(user, user.id);
    expect(page).toMatchObject({ last_seq: 130, has_more: true });
    expect(page.entries).toHaveLength(128);
    const rest = await readEntries(user, user.id, 128);
    expect(rest).toMatchObject({ has_more: false });
    expect(rest.entries).toHaveLength(2);
    // The server continues a log that it did not verify in this process.
    await alice.addDevice();
    expect(await readEntries(user, user.id, 130)).toMatchObject({ last_seq: 131 });
  });
});

describe("a change of a device log", () => {
  it("is sent to the connections of the user and of accepted peers that have the capability", async () => {
    const alice = await account();
    const name = `user${users}`;
    const [bob, carol, dave] = [
      await server.register("robert"),
      await server.register("caroline"),
      await server.register("david"),
    ];
    await bob.chatWith(name);
    await carol.requestChat(name);
    const other = await server.login(name);
    const told = await Promise.all([other, bob].map((user) => user.connect(["devices"])));
    const quiet = await Promise.all([
      ...[carol, dave].map((user) => user.connect(["devices"])),
      bob.connect([]),
    ]);
    await alice.addDevice();
    for (const connection of told) {
      const { value } = (await connection.nextOf("devices")) as { value: unknown };
      expect(value).toEqual({ user_id: alice.user.id, last_seq: 2 });
    }
    // A repeated entry changes nothing.
    await alice.post(alice.log.entries[1]!.bytes);
    for (const connection of [...told, ...quiet]) {
      expect(await connection.isQuiet()).toBe(true);
      connection.socket.terminate();
    }
  });
});

describe("a removal", () => {
  it("ends the sessions of the device, with their connections", async () => {
    const alice = await account();
    const second = await alice.addDevice();
    const [own, stolen, other] = [alice.user, await login(), await login()];
    const publish = (user: TestUser, device: Device) =>
      user.post(`/devices/${device.id}/key-packages`, { key_packages: [] });
    expect((await publish(own, alice.first)).status).toBe(200);
    expect((await publish(stolen, second)).status).toBe(200);
    const connection = await stolen.connect();
    const kept = await own.connect();
    await alice.extend(await alice.removalOf(second));
    expect(await connection.closed).toBe(4001);
    expect((await stolen.get("/users/me")).status).toBe(401);
    expect(await kept.isQuiet()).toBe(true);
    for (const session of [own, other]) expect((await session.get("/users/me")).status).toBe(200);
    // Nothing makes another session one of the removed device.
    expect(await publish(other, second)).toMatchObject(rejected(403, "ERR_FORBIDDEN"));
    const acceptance = { acceptance: base64(new Uint8Array(225)) };
    expect(await other.put(`/devices/${second.id}/acceptance`, acceptance)).toMatchObject(
      rejected(403, "ERR_FORBIDDEN"),
    );
    kept.socket.terminate();
  });

  it("ends the session of a device that left an acceptance before it was added", async () => {
    const alice = await account();
    const second = await Device.generate({ user_id: alice.user.id });
    const session = await login();
    const acceptance = base64(await second.accept(alice.log, Date.now() / 1000));
    await session.put(`/devices/${second.id}/acceptance`, { acceptance });
    await alice.extend(await alice.additionOf(second));
    expect((await session.get("/users/me")).status).toBe(200);
    await alice.extend(await alice.removalOf(second));
    expect((await session.get("/users/me")).status).toBe(401);
  });

  it("deletes the key packages of the device", async () => {
    const alice = await account();
    const second = await alice.addDevice();
    const session = await login();
    const published = { key_packages: [base64(keyPackageOf(second))] };
    await session.post(`/devices/${second.id}/key-packages`, published);
    await alice.extend(await alice.removalOf(second));
    expect(await alice.user.get(`/devices/${second.id}/key-packages`)).toMatchObject(
      rejected(404, "ERR_DEVICE_NOT_FOUND"),
    );
    const left = await server.withStore((store) =>
      store.keyPackages.count(alice.user.id, second.id),
    );
    expect(left).toEqual([]);
  });
});

describe("an acceptance", () => {
  it("is stored for the user's own sessions, and replaced by a later one", async () => {
    const [alice, bob] = [await account(), await account()];
    const session = await server.login("user1");
    const { id } = await Device.generate({ user_id: alice.user.id });
    const path = `/devices/${id}/acceptance`;
    const own = alice.user;
    expect(await own.get(path)).toMatchObject(rejected(404, "ERR_DEVICE_NOT_FOUND"));
    for (const signers of [1, 9]) {
      const acceptance = base64(new Uint8Array(signers * 225).fill(signers));
      expect((await own.put(path, { acceptance })).status).toBe(204);
      expect(await own.get(path)).toMatchObject({ status: 200, body: { acceptance } });
    }
    for (const other of [bob.user, session]) {
      expect(await other.get(path)).toMatchObject(rejected(404, "ERR_DEVICE_NOT_FOUND"));
    }
  });

  it("has 225 bytes for each of 1 to 9 signers", async () => {
    const { user } = await account();
    for (const length of [0, 224, 226, 2250]) {
      const acceptance = base64(new Uint8Array(length));
      expect(await user.put(`/devices/${UNKNOWN}/acceptance`, { acceptance })).toMatchObject(
        rejected(422, "ERR_VALIDATION"),
      );
    }
    for (const device of ["x", "A".repeat(32), "0".repeat(31)]) {
      const acceptance = base64(new Uint8Array(225));
      expect(await user.put(`/devices/${device}/acceptance`, { acceptance })).toMatchObject(
        rejected(404, "ERR_DEVICE_NOT_FOUND"),
      );
    }
  });

  it("expires after 10 minutes, and is then deleted", async () => {
    const { user } = await account();
    const path = `/devices/${UNKNOWN}/acceptance`;
    await user.put(path, { acceptance: base64(new Uint8Array(225)) });
    const now = Date.now() / 1000;
    await server.withStore(async ({ devices }) => {
      expect(await devices.findAcceptance(user.id, UNKNOWN, now + 590)).toBeDefined();
      expect(await devices.findAcceptance(user.id, UNKNOWN, now + 600)).toBeUndefined();
      expect(await devices.deleteExpired({ now: now + 590, limit: 10 })).toBe(0);
      expect(await devices.deleteExpired({ now: now + 3600, limit: 200 })).toBeGreaterThan(0);
    });
    expect((await user.get(path)).status).toBe(404);
  });

  it("is not left by a session of another device", async () => {
    const { user, first } = await account();
    await user.post(`/devices/${first.id}/key-packages`, { key_packages: [] });
    const acceptance = base64(new Uint8Array(225));
    expect(await user.put(`/devices/${UNKNOWN}/acceptance`, { acceptance })).toMatchObject(
      rejected(403, "ERR_FORBIDDEN"),
    );
  });
});
