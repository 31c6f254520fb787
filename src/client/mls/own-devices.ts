import { unixNow } from "../../clock.js";
import { KeyError } from "../../errors.js";
import { Device } from "../../mls/device.js";
import { readDeviceLink, writeDeviceLink } from "../../mls/device-link.js";
import type { DeviceLog } from "../../mls/device-log.js";
import { DeviceLogError } from "../../mls/errors.js";
import { type LogChange, makeEntry } from "../../mls/make-entry.js";
import type { RecoveryKey } from "../../mls/recovery-key.js";
import { inOrder } from "../in-order.js";
import { codeOf } from "./background.js";
import type { DeviceLogs } from "./device-logs.js";
import type { MlsServer } from "./server.js";
import type { MlsStorage, StoredChange } from "./storage.js";

/** Number of attempts to add an entry, if other devices add entries at the same time. */
const MAX_ATTEMPTS = 5;

type Change = LogChange extends infer One
  ? One extends unknown
    ? Omit<One, "now">
    : never
  : never;

/** The devices of the own user: begins and changes the device log. Calls `onReplaced` when a removed device is replaced. */
export class OwnDevices {
  readonly #user_id: number;
  readonly #storage: MlsStorage;
  readonly #server: MlsServer;
  readonly #logs: DeviceLogs;
  readonly #onReplaced: () => Promise<void>;
  /** Changes the devices one after another: two devices made at the same time would replace each other. */
  readonly #inOrder = inOrder();
  device: Device | undefined;

  constructor(
    user_id: number,
    storage: MlsStorage,
    server: MlsServer,
    logs: DeviceLogs,
    onReplaced: () => Promise<void>,
  ) {
    this.#user_id = user_id;
    this.#storage = storage;
    this.#server = server;
    this.#logs = logs;
    this.#onReplaced = onReplaced;
  }

  async load(): Promise<void> {
    this.device = await this.#storage.loadDevice();
    if (this.device !== undefined && this.device.user_id !== this.#user_id)
      throw new KeyError("the stored device is of another user");
  }

  get log(): DeviceLog | undefined {
    return this.#logs.get(this.#user_id);
  }

  /** Whether the device is in the log, as it was last fetched. */
  get isLinked(): boolean {
    return this.log?.devices.some(({ id }) => id === this.device?.id) ?? false;
  }

  begin(show: (recoveryKey: RecoveryKey) => unknown): Promise<void> {
    return this.#inOrder(async () => {
      if ((await this.#logs.fetch(this.#user_id)) !== undefined) {
        // The answer to an earlier attempt was lost.
        if (this.isLinked) return;
        const message = "the account has devices already: link this one, or recover";
        throw new DeviceLogError("ERR_DEVICE_LOG_INVALID", message);
      }
      await this.#begin(show);
    });
  }

  reset(password: string, show: (recoveryKey: RecoveryKey) => unknown): Promise<void> {
    return this.#inOrder(async () => {
      const log = await this.#requireLog();
      // The answer to an earlier attempt was lost.
      if (!this.isLinked) await this.#begin(show, { log, password });
    });
  }

  async #begin(
    show: (recoveryKey: RecoveryKey) => unknown,
    reset?: { readonly log: DeviceLog; readonly password: string },
  ): Promise<void> {
    const options = { user_id: this.#user_id, extractable: this.#storage.needsExport };
    const made = await Device.begin({ ...options, now: unixNow(), reset: reset?.log });
    await show(made.recoveryKey);
    await this.#replaceBy(made.device);
    await this.#server.addEntry(made.entry, reset?.password);
    await this.#logs.add(this.#user_id, made.entry);
  }

  link(): Promise<string> {
    return this.#inOrder(async () => {
      const log = await this.#requireLog();
      const device = await this.#newDevice(log);
      const acceptance = await device.accept(log, unixNow());
      await this.#server.leaveAcceptance(device.id, acceptance);
      return writeDeviceLink(device.publicKey);
    });
  }

  add(link: string): Promise<void> {
    return this.#inOrder(async () => {
      const { publicKey, device: id } = readDeviceLink(link);
      await this.#change(async () => {
        const acceptance = await this.#server.acceptance(id);
        if (acceptance === undefined) {
          const message =
            "the new device did not ask to be added, or more than 10 minutes ago: link it again";
          throw new DeviceLogError("ERR_DEVICE_LOG_INVALID", message);
        }
        return { op: "add", signer: this.#requireDevice(), publicKey, acceptance };
      });
    });
  }

  remove(device: string): Promise<void> {
    return this.#inOrder(async () => {
      await this.#change(async () => ({ op: "remove", signer: this.#requireDevice(), device }));
    });
  }

  recover(recoveryKey: RecoveryKey, remove: readonly string[]): Promise<void> {
    return this.#inOrder(async () => {
      const device = await this.#newDevice(await this.#requireLog());
      if (!this.isLinked) {
        // Lost devices first: the log permits 8.
        for (const id of remove) await this.#removeBy(recoveryKey, id);
        const { publicKey } = device;
        await this.#change(async (log) => {
          const acceptance = await device.accept(log, unixNow());
          return { op: "add", signer: recoveryKey, publicKey, acceptance };
        });
        return;
      }
      for (const id of remove) await this.#removeBy(recoveryKey, id);
    });
  }

  #removeBy(signer: RecoveryKey, device: string): Promise<void> {
    return this.#change(async () => ({ op: "remove", signer, device }));
  }

  async #requireLog(): Promise<DeviceLog> {
    const log = await this.#logs.fetch(this.#user_id);
    if (log !== undefined) return log;
    throw new DeviceLogError(
      "ERR_DEVICE_LOG_BEHIND",
      "the account has no devices: begin its device log here",
    );
  }

  #requireDevice(): Device {
    if (this.isLinked) return this.device!;
    throw new KeyError("this device is not one of the account: link it, or recover");
  }

  /** Returns the stored device. Creates one if no device is stored, or if the log says that it was removed. */
  async #newDevice(log: DeviceLog): Promise<Device> {
    const { device } = this;
    const wasIn = log.entries.some(({ subject }) => subject === device?.id);
    if (device !== undefined && (this.isLinked || !wasIn)) return device;
    const options = { user_id: this.#user_id, extractable: this.#storage.needsExport };
    return this.#replaceBy(await Device.generate(options));
  }

  async #replaceBy(made: Device): Promise<Device> {
    await this.#onReplaced();
    // The chats and key packages are those of the removed device: the new one joins again.
    const changes: StoredChange[] = [];
    for (const prefix of ["state/", "chat/", "key-package/", "history"])
      for (const key of await this.#storage.keys(prefix)) changes.push([key, undefined]);
    await this.#storage.write(changes);
    await this.#storage.saveDevice(made);
    this.device = made;
    return made;
  }

  /** Adds an entry to the log. If another device adds one first, makes the entry again. */
  async #change(make: (log: DeviceLog) => Promise<Change>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const log = await this.#requireLog();
      const change = { ...(await make(log)), now: unixNow() } as LogChange;
      if (change.op === "remove" && !log.devices.some(({ id }) => id === change.device)) return;
      const entry = await makeEntry(log, change);
      try {
        await this.#server.addEntry(entry);
        return await this.#logs.add(this.#user_id, entry);
      } catch (error) {
        if (codeOf(error) !== "ERR_LOG_TAKEN" || attempt === MAX_ATTEMPTS) throw error;
      }
    }
  }
}
