import { randomUUID } from "node:crypto";
import type { ChatMessage } from "lacre";
import { type CommitRequest, type Device, type DeviceLog, MlsChat, readLog } from "lacre/mls";
import { type ApiUser, base64, DeviceAccount } from "./device-account.js";
import { jsonOf } from "./support.js";

/** Returns what identifies a new message. */
export const newIdentity = () => ({
  client_id: randomUUID(),
  timestamp: Math.floor(Date.now()) / 1000,
});

/** A user's device that takes part in MLS chats, through the server. */
export class MlsMember {
  readonly user: ApiUser;
  readonly account: DeviceAccount<ApiUser>;
  readonly device: Device;
  #keep: Uint8Array[] = [];

  private constructor(account: DeviceAccount<ApiUser>, device: Device) {
    this.account = account;
    this.user = account.user;
    this.device = device;
  }

  /** Begins the device log of a user, and publishes key packages of its first device. */
  static async begin(user: ApiUser): Promise<MlsMember> {
    const account = await DeviceAccount.begin(user);
    const member = new MlsMember(account, account.first);
    await member.publish();
    return member;
  }

  /** Adds another device of the same user. `user` is the session of that device. */
  async addDevice(user: ApiUser): Promise<MlsMember> {
    const device = await this.account.addDevice();
    const member = new MlsMember(this.account, device);
    Object.assign(member, { user });
    await member.publish();
    return member;
  }

  async publish(): Promise<void> {
    const { publish, keep } = await this.device.keyPackages({ count: 30, suites: [1] });
    this.#keep.push(...keep);
    await this.user.post(`/devices/${this.device.id}/key-packages`, {
      key_packages: publish.map(base64),
    });
  }

  /** Fetches the device logs of users. */
  async logs(user_ids: readonly number[]): Promise<DeviceLog[]> {
    const logs: DeviceLog[] = [];
    for (const user_id of user_ids) {
      const { body } = await this.user.get(`/users/${user_id}/devices`);
      const entries = body.entries.map((entry: string) => Buffer.from(entry, "base64"));
      logs.push(readLog(entries, { user_id }));
    }
    return logs;
  }

  /** Claims key packages of the devices of users. */
  async claim(chat_id: number, user_ids: readonly number[]): Promise<Uint8Array[]> {
    const path = `/chats/${chat_id}/key-packages/claim` as const;
    const { body } = await this.user.post(path, { user_ids, suite: 1 });
    const found = body.devices.flatMap((one: { key_package?: string }) => one.key_package ?? []);
    return found.map((keyPackage: string) => new Uint8Array(Buffer.from(keyPackage, "base64")));
  }

  /** Creates a chat with others at the server, and the commit that adds their devices. */
  async create(others: readonly ApiUser[], names: readonly string[]) {
    const body = { members: names, encryption_type: "MLS", suite: 1 };
    const { chat_id } = (await this.user.post("/chats", body)).body;
    const add = others.map(({ id }) => id);
    const step = await MlsChat.create(this.device, {
      ...{ chat_id, suite: 1, add },
      keyPackages: await this.claim(chat_id, [this.user.id, ...add]),
      logs: await this.logs([this.user.id, ...add]),
      ...newIdentity(),
    });
    return { chat_id: chat_id as number, ...step };
  }

  send(request: CommitRequest, changes: object = {}) {
    const path = `/chats/${request.message.chat_id}/commits` as const;
    return this.user.post(path, { ...bodyOf(request), ...changes });
  }

  /** Returns the ids of the chats to which the device is invited, with the invitations. */
  async invitations() {
    const found: { invitation_id: number; chat_id: number; content: string }[] = [];
    for (;;) {
      const after = found.at(-1)?.invitation_id ?? 0;
      const path = `/invitations?device=${this.device.id}&after=${after}`;
      const [next] = (await this.user.get(path)).body.invitations;
      if (next === undefined) return found;
      found.push(next);
    }
  }

  /** Joins a chat by the device's invitation, and deletes it. */
  async join(chat_id: number, user_ids: readonly number[]): Promise<MlsChat> {
    const invited = await this.invitations();
    const { invitation_id, content } = invited.find((one) => one.chat_id === chat_id)!;
    const { chat } = await MlsChat.join(this.device, {
      chat_id,
      content: Buffer.from(content, "base64"),
      keep: this.#keep,
      logs: await this.logs(user_ids),
      now: Date.now() / 1000,
    });
    await this.user.delete(`/invitations/${invitation_id}`);
    return chat;
  }

  /** Fetches the messages of a chat after a seq. */
  async messages(chat_id: number, after = 0): Promise<ChatMessage[]> {
    const { body } = await this.user.get(`/chats/${chat_id}/messages?after=${after}`);
    return body.messages.map((message: ChatMessage & { content: string; nonce: string }) => ({
      ...message,
      content: new Uint8Array(Buffer.from(message.content, "base64")),
      nonce: new Uint8Array(Buffer.from(message.nonce, "base64")),
    }));
  }
}

/** Returns the JSON body of a commit. */
export function bodyOf({ message, add, remove, invitation, group_info }: CommitRequest) {
  return {
    message: jsonOf(message),
    add,
    remove,
    group_info: base64(group_info),
    ...(invitation && {
      invitation: { device_ids: invitation.device_ids, content: base64(invitation.content) },
    }),
  };
}
