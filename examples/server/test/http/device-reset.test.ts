import { Device, readLog } from "lacre/mls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { base64, keyPackageOf } from "../device-account.js";
import { MlsMember } from "../mls-member.js";
import { PASSWORD, TestServer, type TestUser } from "../support.js";

const server = new TestServer();
let alice: TestUser;

beforeAll(async () => {
  ({ alice } = await server.startWithChat());
});
afterAll(() => server.remove());

const rejected = (status: number, error_code: string) => ({ status, body: { error_code } });
const resetOf = ({ log, user }: MlsMember["account"]) =>
  Device.begin({ user_id: user.id, now: Date.now() / 1000, reset: log });

async function readEntries(user: TestUser) {
  const { body } = await user.get(`/users/${user.id}/devices`);
  return body.entries.map((entry: string) => Buffer.from(entry, "base64"));
}

describe("a reset of a device log", () => {
  it("replaces all devices, and deletes their key packages and invitations", async () => {
    const user = await server.register("dora");
    const dora = await MlsMember.begin(user);
    const host = await MlsMember.begin(alice);
    const made = await host.create([dora.user], ["dora"]);
    await host.send(made.request);
    const { device, entry } = await resetOf(dora.account);
    const body = { entry: base64(entry), password: PASSWORD };
    expect(await user.post("/devices", body)).toMatchObject({ status: 201, body: { last_seq: 2 } });
    const log = readLog(await readEntries(user), { user_id: user.id });
    expect(log.devices.map(({ id }) => id)).toEqual([device.id]);
    const old = dora.device.id;
    expect((await user.get(`/invitations?device=${old}`)).body).toEqual({ invitations: [] });
    expect(await user.get(`/devices/${old}/key-packages`)).toMatchObject(
      rejected(404, "ERR_DEVICE_NOT_FOUND"),
    );
    const key_packages = [base64(keyPackageOf(device))];
    expect(await user.post(`/devices/${device.id}/key-packages`, { key_packages })).toMatchObject({
      status: 200,
    });
    const claim = { user_ids: [user.id], suite: 1 };
    const claimed = await alice.post(`/chats/${made.chat_id}/key-packages/claim`, claim);
    expect(claimed.body.devices).toMatchObject([{ device: device.id }]);
  });

  it("needs the password, which is checked also if it is repeated", async () => {
    const user = await server.register("erin");
    const { account } = await MlsMember.begin(user);
    const { entry } = await resetOf(account);
    const wrong = rejected(403, "ERR_WRONG_CREDENTIALS");
    for (const password of [undefined, "", "wrong password"])
      expect(await user.post("/devices", { entry: base64(entry), password })).toMatchObject(wrong);
    expect(await readEntries(user)).toHaveLength(1);
    const body = { entry: base64(entry), password: PASSWORD };
    expect((await user.post("/devices", body)).status).toBe(201);
    expect(await user.post("/devices", { entry: base64(entry) })).toMatchObject(wrong);
    expect(await user.post("/devices", body)).toMatchObject({ status: 200, body: { last_seq: 2 } });
  });

  it("ends all sessions of the user but its own", async () => {
    const user = await server.register("fred");
    const { account } = await MlsMember.begin(user);
    const [other, another] = [await server.login("fred"), await server.login("fred")];
    const { entry } = await resetOf(account);
    await other.post("/devices", { entry: base64(entry), password: PASSWORD });
    expect((await other.get("/users/me")).status).toBe(200);
    for (const ended of [user, another]) expect((await ended.get("/users/me")).status).toBe(401);
  });

  it("and an entry of an old device at the same time leave one of them, and the next one follows it", async () => {
    const user = await server.register("gina");
    const { account } = await MlsMember.begin(user);
    const device = await Device.generate({ user_id: user.id });
    const [reset, added] = [await resetOf(account), await account.additionOf(device)];
    const answers = await Promise.all([
      user.post("/devices", { entry: base64(reset.entry), password: PASSWORD }),
      user.post("/devices", { entry: base64(added) }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
    const log = readLog(await readEntries(user), { user_id: user.id });
    const again = await Device.begin({ user_id: user.id, now: Date.now() / 1000, reset: log });
    const body = { entry: base64(again.entry), password: PASSWORD };
    expect(await user.post("/devices", body)).toMatchObject({ status: 201, body: { last_seq: 3 } });
  });

  it("limits the attempts to guess the password", async () => {
    const strict = new TestServer(undefined, { RATE_LIMIT_AUTH: "3" });
    try {
      await strict.start();
      const user = await strict.register("hugo");
      const { account } = await MlsMember.begin(user);
      const { entry } = await resetOf(account);
      const statuses = [];
      for (let attempt = 0; attempt < 5; attempt++) {
        const body = { entry: base64(entry), password: `guess ${attempt}` };
        statuses.push((await user.post("/devices", body)).status);
      }
      expect(statuses).toContain(429);
    } finally {
      await strict.remove();
    }
  });
});
