import { unixNow } from "../../clock.js";
import type { Device } from "../../mls/device.js";
import type { DeviceLog } from "../../mls/device-log.js";
import type { RecoveryKey } from "../../mls/recovery-key.js";
import type { HttpUser } from "./http-accounts.js";
import type { HttpFixture } from "./http-fixture.js";

/** Loads what makes devices and logs. Not at import: @noble/curves then calls getRandomValues. */
export const loadMls = () => import("../../mls/index.js");

/** A user with a device log, as the user's first device knows it. */
export interface Account {
  readonly user: HttpUser;
  readonly device: Device;
  readonly recoveryKey: RecoveryKey;
  readonly log: DeviceLog;
}

/** Sends an entry of a device log, and throws ContractError if the answer has another status. */
export function post(fixture: HttpFixture, user: HttpUser, entry: Uint8Array, status: number) {
  return fixture.expectStatus("POST", "/devices", status, { token: user.token, body: { entry } });
}

/** Registers a user, and begins the user's device log. */
export async function begun(fixture: HttpFixture): Promise<Account> {
  const { Device, extendLog } = await loadMls();
  const user = await fixture.user();
  const begin = await Device.begin({ user_id: user.id, now: unixNow() });
  const { device, recoveryKey, entry } = begin;
  await post(fixture, user, entry, 201);
  return { user, device, recoveryKey, log: extendLog(undefined, entry, user.id) };
}

/** Makes the entry that adds a new device. */
export async function addition({ user, device: signer, log }: Account) {
  const { Device, makeEntry } = await loadMls();
  const [device, now] = [await Device.generate({ user_id: user.id }), unixNow()];
  const acceptance = await device.accept(log, now);
  const change = { op: "add", signer, publicKey: device.publicKey, acceptance, now } as const;
  return { device, entry: await makeEntry(log, change) };
}

/** Makes the entry that resets the log, with a new device and recovery key. */
export async function resetting({ user, log }: Account) {
  const { Device } = await loadMls();
  return Device.begin({ user_id: user.id, now: unixNow(), reset: log });
}

/** Publishes key packages, and throws ContractError if the answer has another status. */
export function publish(
  fixture: HttpFixture,
  { token }: HttpUser,
  { id }: Device,
  key_packages: readonly Uint8Array[],
  { status = 200, last_resort = [] as readonly Uint8Array[] } = {},
) {
  const body = { key_packages, last_resort };
  return fixture.expectStatus("POST", `/devices/${id}/key-packages`, status, { token, body });
}
