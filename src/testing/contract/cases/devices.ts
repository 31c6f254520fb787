import { unixNow } from "../../../clock.js";
import { base64, random } from "../codec.js";
import { deviceCase } from "../contract-case.js";
import { checkSame } from "../contract-error.js";
import { addition, begun, loadMls, post, publish, resetting } from "../device-accounts.js";
import { keyPackageOf } from "../key-package.js";

const STORES = "stores an entry of a device log once, and answers a repeated one again";
const COUNTS = "counts the key packages of a device, of which it stores at most 100";
const dependsOn = [STORES];

/** Device logs and key packages (docs/PROTOCOL.md, section 15). */
export const devices = [
  deviceCase("D-2", STORES, async (fixture) => {
    const { user, log } = await begun(fixture);
    const { token, id } = user;
    const { bytes } = log.entries[0]!;
    const { body: again } = await post(fixture, user, bytes, 200);
    checkSame("last_seq", again.last_seq, 1);
    const { body } = await fixture.expectStatus("GET", `/users/${id}/devices`, 200, { token });
    checkSame("entries", body.entries, [base64(bytes)]);
  }),
  deviceCase(
    "D-1",
    "lists the entries after a seq to every user",
    async (fixture) => {
      const account = await begun(fixture);
      const { entry } = await addition(account);
      await post(fixture, account.user, entry, 201);
      const { token } = await fixture.user();
      const path = `/users/${account.user.id}/devices?after=1`;
      const { body } = await fixture.expectStatus("GET", path, 200, { token });
      checkSame("entries", body.entries, [base64(entry)]);
      checkSame("last_seq", body.last_seq, 2);
      checkSame("has_more", body.has_more, false);
    },
    { dependsOn },
  ),
  deviceCase(
    "D-2",
    "rejects another entry with a seq that is taken",
    async (fixture) => {
      const account = await begun(fixture);
      const made = await Promise.all([addition(account), addition(account)]);
      const { token } = account.user;
      await post(fixture, account.user, made[0].entry, 201);
      const body = { entry: made[1].entry };
      const code = await fixture.expectError("POST", "/devices", 409, { token, body });
      checkSame("error_code", code, "ERR_LOG_TAKEN");
    },
    { dependsOn },
  ),
  deviceCase(
    "D-2",
    "rejects an entry that does not follow the device log",
    async (fixture) => {
      const account = await begun(fixture);
      const { entry } = await addition(account);
      entry[entry.length - 1]! ^= 1;
      const options = { token: account.user.token, body: { entry } };
      const code = await fixture.expectError("POST", "/devices", 422, options);
      checkSame("error_code", code, "ERR_DEVICE_LOG_INVALID");
    },
    { dependsOn },
  ),
  deviceCase(
    "D-2",
    "rejects a reset of a device log without the password of its user",
    async (fixture) => {
      const account = await begun(fixture);
      const { token } = account.user;
      const { entry } = await resetting(account);
      for (const given of [{}, { password: `${fixture.password}!` }]) {
        const options = { token, body: { entry, ...given } };
        const code = await fixture.expectError("POST", "/devices", 403, options);
        checkSame("error_code", code, "ERR_WRONG_CREDENTIALS");
      }
    },
    { dependsOn },
  ),
  deviceCase(
    "D-2",
    "resets a device log with the password of its user, and ends the user's other sessions",
    async (fixture) => {
      const account = await begun(fixture);
      const { user } = account;
      const { token } = user;
      await publish(fixture, user, account.device, []);
      const other = await fixture.loginAgain(user);
      const connection = await fixture.connect(other);
      const { device, entry } = await resetting(account);
      const body = { entry, password: fixture.password };
      await fixture.expectStatus("POST", "/devices", 201, { token, body });
      await connection.expectClose(4001);
      await fixture.expectError("GET", "/users/me", 401, { token: other.token });
      await fixture.expectStatus("POST", "/devices", 200, { token, body });
      await publish(fixture, user, device, [keyPackageOf(device)]);
      await publish(fixture, user, account.device, [], { status: 403 });
    },
    { dependsOn },
  ),
  deviceCase(
    "D-3",
    "lets a session publish key packages of one device only",
    async (fixture) => {
      const account = await begun(fixture);
      const { device, entry } = await addition(account);
      await post(fixture, account.user, entry, 201);
      await publish(fixture, account.user, account.device, []);
      await publish(fixture, account.user, device, [], { status: 403 });
    },
    { dependsOn },
  ),
  deviceCase(
    "D-4",
    "ends the sessions of a device that is removed, and closes their connections with 4001",
    async (fixture) => {
      const { extendLog, makeEntry } = await loadMls();
      const account = await begun(fixture);
      const { user, device: signer, log } = account;
      const { device, entry } = await addition(account);
      await post(fixture, user, entry, 201);
      const stolen = await fixture.loginAgain(user);
      await publish(fixture, stolen, device, []);
      const connection = await fixture.connect(stolen);
      const removal = { op: "remove", signer, device: device.id, now: unixNow() } as const;
      await post(fixture, user, await makeEntry(extendLog(log, entry), removal), 201);
      await connection.expectClose(4001);
      await fixture.expectError("GET", "/users/me", 401, { token: stolen.token });
      await fixture.expectStatus("GET", "/users/me", 200, { token: user.token });
    },
    { dependsOn },
  ),
  deviceCase("D-5", "returns an acceptance to sessions of the same user only", async (fixture) => {
    const [user, other] = await Promise.all([fixture.user(), fixture.user()]);
    const { Device } = await loadMls();
    const { id } = await Device.generate({ user_id: user.id });
    const [path, acceptance] = [`/devices/${id}/acceptance`, random(450)];
    const { token } = await fixture.loginAgain(user);
    await fixture.expectStatus("PUT", path, 204, { token, body: { acceptance } });
    const { body } = await fixture.expectStatus("GET", path, 200, { token: user.token });
    checkSame("acceptance", body.acceptance, base64(acceptance));
    await fixture.expectError("GET", path, 404, { token: other.token });
  }),
  deviceCase(
    "D-6",
    COUNTS,
    async (fixture) => {
      const { user, device } = await begun(fixture);
      const many = (count: number) => Array.from({ length: count }, () => keyPackageOf(device));
      const published = await publish(fixture, user, device, many(99), { last_resort: many(1) });
      const counts = [{ suite: 1, count: 99, has_last_resort: true }];
      checkSame("suites", published.body.suites, counts);
      await publish(fixture, user, device, many(2), { status: 403 });
      const path = `/devices/${device.id}/key-packages`;
      const { body } = await fixture.expectStatus("GET", path, 200, { token: user.token });
      checkSame("suites", body.suites, counts);
    },
    { dependsOn },
  ),
  deviceCase(
    "D-7",
    "gives out each key package once, then that of last resort, to members of a chat",
    async (fixture) => {
      const [{ user, device }, peer, stranger] = await Promise.all([
        begun(fixture),
        fixture.user(),
        fixture.user(),
      ]);
      const chat_id = await fixture.chat(peer, user);
      const [oneTime, last] = [keyPackageOf(device), keyPackageOf(device)];
      await publish(fixture, user, device, [oneTime], { last_resort: [last] });
      const path = `/chats/${chat_id}/key-packages/claim`;
      const body = { user_ids: [user.id], suite: 1 };
      await fixture.expectError("POST", path, 404, { token: stranger.token, body });
      for (const key_package of [oneTime, last, last]) {
        const options = { token: peer.token, body };
        const { body: claimed } = await fixture.expectStatus("POST", path, 200, options);
        const given = { user_id: user.id, device: device.id, key_package: base64(key_package) };
        checkSame("devices", claimed.devices, [given]);
      }
    },
    { dependsOn: [STORES, COUNTS] },
  ),
  deviceCase(
    "D-12",
    "sends devices to members of the user's chats that announced the capability only",
    async (fixture) => {
      const [account, peer] = await Promise.all([begun(fixture), fixture.user()]);
      const { user } = account;
      await fixture.chat(user, peer);
      const offer = { capabilities: ["devices"] };
      const [own, ofPeer, without] = await Promise.all([
        fixture.connect(user, offer),
        fixture.connect(peer, offer),
        fixture.connect(peer),
      ]);
      const { entry } = await addition(account);
      await post(fixture, user, entry, 201);
      for (const connection of [own, ofPeer]) {
        const { value } = await connection.next("devices");
        checkSame("devices", value, { user_id: user.id, last_seq: 2 });
      }
      await without.expectNothing();
    },
    { dependsOn },
  ),
];
