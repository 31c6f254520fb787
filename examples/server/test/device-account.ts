import { randomBytes } from "node:crypto";
import { Device, type DeviceLog, extendLog, makeEntry, type RecoveryKey } from "lacre/mls";
import type { TestUser } from "./support.js";

/** A user who sends requests to a server. */
export type ApiUser = Pick<TestUser, "id" | "get" | "post" | "delete">;

export const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** A user with a device log, as the user's devices know it. The server may have a shorter one. */
export class DeviceAccount<User extends ApiUser = TestUser> {
  readonly user: User;
  readonly first: Device;
  readonly recoveryKey: RecoveryKey;
  log: DeviceLog;

  private constructor(user: User, first: Device, recoveryKey: RecoveryKey, entry: Uint8Array) {
    this.user = user;
    this.first = first;
    this.recoveryKey = recoveryKey;
    this.log = extendLog(undefined, entry, user.id);
  }

  /** Makes a log with one device, without sending it. */
  static async make<User extends ApiUser>(user: User): Promise<DeviceAccount<User>> {
    const now = Date.now() / 1000;
    const { device, entry, recoveryKey } = await Device.begin({ user_id: user.id, now });
    return new DeviceAccount(user, device, recoveryKey, entry);
  }

  /** Makes a log with one device, and sends it to the server. */
  static async begin<User extends ApiUser>(user: User): Promise<DeviceAccount<User>> {
    const account = await DeviceAccount.make(user);
    await account.post(account.log.entries[0]!.bytes);
    return account;
  }

  post(entry: Uint8Array, user = this.user) {
    return user.post("/devices", { entry: base64(entry) });
  }

  /** Makes the entry that adds a new device. */
  async additionOf(device: Device): Promise<Uint8Array> {
    const now = Date.now() / 1000;
    const { publicKey } = device;
    const acceptance = await device.accept(this.log, now);
    return makeEntry(this.log, { op: "add", signer: this.first, publicKey, acceptance, now });
  }

  /** Makes the entry that removes a device. */
  removalOf(device: Device): Promise<Uint8Array> {
    const now = Date.now() / 1000;
    return makeEntry(this.log, { op: "remove", signer: this.first, device: device.id, now });
  }

  /** Adds a new device to the log at the server. */
  async addDevice(): Promise<Device> {
    const device = await Device.generate({ user_id: this.user.id });
    await this.extend(await this.additionOf(device));
    return device;
  }

  /** Adds an entry to the log at the server. */
  async extend(entry: Uint8Array): Promise<void> {
    this.log = extendLog(this.log, entry);
    await this.post(entry);
  }
}

/** Returns a key package of a device, with random keys and signatures, which the server does not verify. */
export function keyPackageOf(
  { user_id, id, publicKey }: Pick<Device, "user_id" | "id" | "publicKey">,
  suite = 1,
  initKeyBytes = 64,
): Uint8Array {
  const identity = Buffer.alloc(24);
  identity.writeBigUInt64BE(BigInt(user_id));
  identity.write(id, 8, "hex");
  return Buffer.concat([
    Buffer.from([0, 1, 0, 5, 0, 1, suite >> 8, suite & 0xff]),
    Buffer.from([0x40 | (initKeyBytes >> 8), initKeyBytes & 0xff, ...randomBytes(initKeyBytes)]),
    Buffer.from([32, ...randomBytes(32)]),
    Buffer.from([32, ...publicKey, 0, 1, 24, ...identity, 0, 0, 0, 0, 0, 1]),
    Buffer.alloc(16),
    Buffer.from([0, 0x40, 64, ...randomBytes(64), 0, 0x40, 64, ...randomBytes(64)]),
  ]);
}
