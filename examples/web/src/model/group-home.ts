import { signal } from "@preact/signals";
import { indexedDbStorage, mlsIndexedDbStorage } from "lacre/client/indexeddb";
import type { MlsEvent } from "lacre/client/mls";
import { type LoggedDevice, type RecoveryKey, readRecoveryKey } from "lacre/mls";
import { type Account, plainSentence, UserChangedError } from "lacre-client";
import { Groups, restoreHistory } from "lacre-client/groups";
import { nameHere } from "lacre-client/web";

/** What the groups part of the page shows. */
export type GroupsStage =
  | { readonly name: "starting" }
  /** The account has no device for groups yet. */
  | { readonly name: "new" }
  /** The recovery key is shown, until the user has written it down. */
  | { readonly name: "recovery key"; readonly text: string; readonly done: () => void }
  /** The account has other devices. One of them, or the recovery key, adds this one. */
  | { readonly name: "other devices" }
  /** Another device is to read this text. */
  | { readonly name: "linking"; readonly link: string }
  | { readonly name: "ready" }
  | { readonly name: "stopped"; readonly reason: string };

/** Interval at which the page looks whether another device has added this one, in milliseconds. */
const LINK_INTERVAL = 2000;

/** Returns the storages of an account's groups in this browser. */
function storagesOf({ user_id }: Account) {
  const name = nameHere(`lacre-groups-${user_id}`);
  return { storage: indexedDbStorage(name), mlsStorage: mlsIndexedDbStorage(name) };
}

/** Removes the device and all messages of an account's groups from this browser. Close the groups before. */
export async function eraseGroups(account: Account): Promise<void> {
  const { storage, mlsStorage } = storagesOf(account);
  await storage.clear();
  await mlsStorage.clear();
}

/** State of the groups in the page. The connection opens with the first use. */
export class GroupHome {
  readonly stage = signal<GroupsStage>({ name: "starting" });
  /** Rises with each change of the groups, so that the views render again. */
  readonly version = signal(0);
  /** What the user should know about devices, or why a text was not sent. */
  readonly notice = signal<string | undefined>(undefined);
  readonly #account: Account;
  #groups: Groups | undefined;
  #opening: Promise<void> | undefined;
  #isClosed = false;

  constructor(account: Account) {
    this.#account = account;
  }

  /** The groups, after `open`. A view that reads them renders again after each change. */
  get groups(): Groups | undefined {
    void this.version.value;
    return this.#groups;
  }

  /** Opens the stored groups and connects, at the first call. */
  open(): Promise<void> {
    this.#opening ??= this.#attempt(() => this.#open());
    return this.#opening;
  }

  /** Makes this the account's first device. Shows the recovery key before anything is sent. */
  begin(): Promise<void> {
    return this.#attempt(async () => {
      await this.#groups!.mls.begin((key) => this.#showRecoveryKey(key));
      await this.#ready();
    });
  }

  /** Shows the text that another device of the user reads, until that device has added this one. */
  link(): Promise<void> {
    return this.#attempt(async () => {
      const { mls } = this.#groups!;
      this.stage.value = { name: "linking", link: await mls.link() };
      while (!mls.isLinked && !this.#isClosed) {
        await new Promise((resolve) => setTimeout(resolve, LINK_INTERVAL));
        await mls.sync();
      }
      if (!this.#isClosed) await this.#ready();
    });
  }

  /** Adds this device by the recovery key, and restores the backup. Throws if the key is wrong. */
  async recover(text: string, lost: readonly string[]): Promise<void> {
    const recoveryKey = await readRecoveryKey(text);
    await this.#groups!.mls.recover(recoveryKey, lost);
    await this.#ready();
    await this.#restore(recoveryKey);
  }

  /** Whether the messages of groups are backed up, as far as this device knows. */
  get isBackedUp(): boolean {
    return this.groups?.history.isOn ?? false;
  }

  /** Turns the backup on for all devices of the user. Throws if the recovery key is wrong. */
  async turnBackupOn(text: string): Promise<void> {
    const { history } = this.#groups!;
    await history.turnOn(await readRecoveryKey(text));
    await history.write();
  }

  /** Turns the backup off for all devices of the user, and deletes it. */
  turnBackupOff(): Promise<void> {
    return this.#groups!.history.turnOff();
  }

  /** Restores the messages that this device has not read. Throws if the recovery key is wrong. */
  async restoreBackup(text: string): Promise<void> {
    await this.#restore(await readRecoveryKey(text));
  }

  async #restore(recoveryKey: RecoveryKey): Promise<void> {
    const restored = await restoreHistory(this.#groups!.history, recoveryKey);
    const { messages, rejected = 0 } = restored ?? {};
    const left = rejected > 0 ? ` ${rejected} parts are damaged, and were left out.` : "";
    this.notice.value =
      restored === undefined
        ? "There is no backup of this recovery key."
        : `Messages restored from the backup: ${messages}.${left}`;
  }

  /** Makes this the only device of an account whose other devices and recovery key are lost. */
  async reset(password: string): Promise<void> {
    try {
      await this.#groups!.mls.reset(password, (key) => this.#showRecoveryKey(key));
      await this.#ready();
    } catch (error) {
      const { code } = error as { code?: unknown };
      this.notice.value =
        code === "ERR_WRONG_CREDENTIALS"
          ? "The password is wrong. Nothing was changed: throw the recovery key away that was shown."
          : this.explain(error);
      this.stage.value = { name: "other devices" };
    }
  }

  /** Sends a text. Returns whether it is stored; if not, shows a notice. */
  async send(chatId: number, text: string): Promise<boolean> {
    try {
      await this.#groups!.send(chatId, text);
      return true;
    } catch (error) {
      this.notice.value = this.explain(error);
      return false;
    }
  }

  /** The devices of the user. */
  get ownDevices(): readonly LoggedDevice[] {
    return this.groups?.mls.devicesOf(this.#account.user_id) ?? [];
  }

  async addDevice(link: string): Promise<void> {
    await this.#groups!.mls.addDevice(link);
    this.version.value = this.version.peek() + 1;
  }

  async removeDevice(id: string): Promise<void> {
    await this.#groups!.mls.removeDevice(id);
    this.version.value = this.version.peek() + 1;
  }

  /** Describes an error for the user. */
  explain(error: unknown): string {
    return error instanceof TypeError ? error.message : plainSentence(error);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening;
    await this.#groups?.stop();
  }

  async #open(): Promise<void> {
    const onChange = () => {
      this.version.value = this.version.peek() + 1;
    };
    this.#groups = await Groups.open({
      ...{ account: this.#account, onChange, onEvent: (event) => this.#note(event) },
      ...storagesOf(this.#account),
    });
    if (this.#groups.mls.isLinked) return this.#ready();
    const log = await this.#groups.mls.log(this.#account.user_id);
    if (this.#groups.mls.isLinked) return this.#ready();
    this.stage.value = { name: log === undefined ? "new" : "other devices" };
  }

  #showRecoveryKey(key: RecoveryKey): Promise<void> {
    return new Promise((resolve) => {
      this.stage.value = { name: "recovery key", text: key.toText(), done: resolve };
    });
  }

  async #ready(): Promise<void> {
    // Publishes the keys by which others add this device.
    await this.#groups!.mls.sync();
    this.stage.value = { name: "ready" };
    await this.#groups!.refresh().catch(() => {});
  }

  #note(event: MlsEvent): void {
    if (event.type === "fork") {
      const name = this.#groups?.nameOf(event.user_id) ?? "a user";
      this.notice.value =
        event.chat_id === undefined
          ? `The server shows two lists of the devices of ${name}. The groups with ${name} are stopped: it may try to read them. Compare the safety number in the list of members.`
          : `In a group, a member has another list of the devices of ${name} than this device. The group is stopped: ask ${name} in person.`;
    }
    if (event.type === "log" && this.#groups?.mls.disputed.includes(event.log.user_id)) {
      const name = this.#groups.nameOf(event.log.user_id);
      this.notice.value = `${name} has begun again with another device. The groups with ${name} are stopped until you compare the safety number in the list of members.`;
    }
    if (event.type === "accepted")
      this.notice.value = `You have accepted the devices that ${this.#groups?.nameOf(event.user_id)} has now.`;
    if (event.type === "log" && event.log.user_id === this.#account.user_id && event.before > 0) {
      const own = this.#groups?.mls.device?.id;
      const added = event.log.entries.slice(event.before).filter(({ signer }) => signer !== own);
      if (added.length > 0)
        this.notice.value =
          "The devices of your account changed. If that was not you, look at your devices and remove those that you do not know.";
    }
    if (event.type === "history")
      this.notice.value = event.isOn
        ? "The backup of your groups is on. If that was not you, turn it off below “Your devices”."
        : "The backup of your groups is off.";
    if (event.type === "error" && event.error instanceof UserChangedError)
      this.notice.value = this.explain(event.error);
    if (event.type === "missing")
      this.notice.value =
        "Some devices are not in the group, because they have not published keys yet. They join when they connect again.";
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.stage.value = { name: "stopped", reason: plainSentence(error) };
    }
  }
}
