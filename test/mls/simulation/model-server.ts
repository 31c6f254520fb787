import type { ChatMessage } from "../../../src/messages/chat.js";
import {
  type Bytes,
  type CommitRequest,
  type DeviceLog,
  extendLog,
  readKeyPackageHeader,
} from "../../../src/mls/index.js";

/** A message as the server gives it out. */
export interface Stored {
  readonly seq: number;
  readonly message: ChatMessage;
}

/** What the server knows of a chat. */
export interface ServerChat {
  readonly chat_id: number;
  readonly messages: Stored[];
  /** The first seq that each member may read. */
  readonly members: Map<number, number>;
  epoch: number;
  group_infos: Bytes[];
  /** Seqs by client ids. */
  readonly acks: Map<string, number>;
}

export interface StoredInvitation {
  readonly chat_id: number;
  readonly content: Bytes;
}

/** The device that a request comes from. */
export interface Sender {
  readonly user_id: number;
  readonly id: string;
}

export type Answer =
  | { readonly seq: number }
  | { readonly error: "ERR_EPOCH_CONFLICT" | "ERR_EPOCH_STALE" | "ERR_FORBIDDEN" };

/** Number of epochs behind that of the chat from which on the server rejects application messages. */
const MAX_EPOCHS_BEHIND = 3;

/** A server that does what docs/PROTOCOL.md says. */
export class ModelServer {
  readonly logs = new Map<number, DeviceLog>();
  readonly chats = new Map<number, ServerChat>();
  readonly invitations = new Map<string, StoredInvitation[]>();
  /** Key packages by device. The first one is that of last resort. */
  readonly keyPackages = new Map<string, Bytes[]>();

  createChat(chat_id: number, creator: number): void {
    const members = new Map([[creator, 1]]);
    const chat = { chat_id, messages: [], members, epoch: 0, group_infos: [], acks: new Map() };
    this.chats.set(chat_id, chat);
  }

  /** Adds an entry to a log. Returns false if the log has another one there. */
  addEntry(user_id: number, entry: Uint8Array): boolean {
    try {
      this.logs.set(user_id, extendLog(this.logs.get(user_id), entry, user_id));
      return true;
    } catch {
      return false;
    }
  }

  entries(_: Sender, user_id: number): Uint8Array[] {
    return this.logs.get(user_id)?.entries.map(({ bytes }) => bytes) ?? [];
  }

  isDevice({ user_id, id }: Sender): boolean {
    return this.logs.get(user_id)?.devices.some((one) => one.id === id) ?? false;
  }

  publish(keyPackages: readonly Bytes[]): void {
    const { device } = readKeyPackageHeader(keyPackages[0]!);
    this.keyPackages.set(device, [...keyPackages]);
  }

  claim({ id }: Sender, user_ids: readonly number[]): Bytes[] {
    const devices = user_ids.flatMap((user_id) => this.logs.get(user_id)?.devices ?? []);
    return devices.flatMap((device) => {
      const store = this.keyPackages.get(device.id) ?? [];
      if (device.id === id || store.length === 0) return [];
      return store.length > 1 ? [store.pop()!] : [store[0]!];
    });
  }

  /** The chat as the server shows it to a device. */
  chatFor(_: Sender, chat_id: number): ServerChat {
    return this.chats.get(chat_id)!;
  }

  mayRead(sender: Sender, chat_id: number): boolean {
    return this.isDevice(sender) && this.chatFor(sender, chat_id).members.has(sender.user_id);
  }

  post(sender: Sender, message: ChatMessage): Answer {
    const chat = this.chatFor(sender, message.chat_id);
    const known = chat.acks.get(message.client_id!);
    if (!this.mayRead(sender, chat.chat_id)) return { error: "ERR_FORBIDDEN" };
    if (known !== undefined) return { seq: known };
    const behind = chat.epoch - message.epoch!;
    const allowed = message.content_type === undefined ? MAX_EPOCHS_BEHIND : 0;
    if (behind > allowed || behind < 0) return { error: "ERR_EPOCH_STALE" };
    return { seq: this.store(chat, message) };
  }

  commit(sender: Sender, request: CommitRequest): Answer {
    const { message, add, remove, invitation, group_info } = request;
    const chat = this.chatFor(sender, message.chat_id);
    if (!this.mayRead(sender, chat.chat_id)) return { error: "ERR_FORBIDDEN" };
    const known = chat.acks.get(message.client_id!);
    if (known !== undefined) return { seq: known };
    if (message.epoch !== chat.epoch) return { error: "ERR_EPOCH_CONFLICT" };
    const seq = this.store(chat, message);
    chat.epoch += 1;
    chat.group_infos.push(group_info);
    for (const user_id of remove) chat.members.delete(user_id);
    for (const user_id of add) chat.members.set(user_id, seq);
    for (const device of invitation?.device_ids ?? []) {
      const list = this.invitations.get(device) ?? [];
      this.invitations.set(device, [
        ...list,
        { chat_id: chat.chat_id, content: invitation!.content },
      ]);
    }
    return { seq };
  }

  protected store(chat: ServerChat, message: ChatMessage): number {
    const seq = chat.messages.length + 1;
    chat.messages.push({ seq, message: { ...message, seq } });
    chat.acks.set(message.client_id!, seq);
    return seq;
  }

  fetch(sender: Sender, chat_id: number, after: number): Stored[] {
    if (!this.mayRead(sender, chat_id)) return [];
    const chat = this.chatFor(sender, chat_id);
    const first = Math.max(after + 1, chat.members.get(sender.user_id)!);
    return chat.messages.slice(first - 1);
  }

  groupInfo(sender: Sender, chat_id: number): Bytes | undefined {
    if (!this.mayRead(sender, chat_id)) return undefined;
    return this.chatFor(sender, chat_id).group_infos.at(-1);
  }

  invitationsFor({ id }: Sender): StoredInvitation[] {
    return this.invitations.get(id) ?? [];
  }

  deleteInvitations({ id }: Sender, chat_id: number): void {
    const left = this.invitations.get(id)?.filter((one) => one.chat_id !== chat_id);
    this.invitations.set(id, left ?? []);
  }
}
