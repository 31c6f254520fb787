import type { ChatMessage } from "../../../src/messages/chat.js";
import { encodeCommitAad, encodeNamedLogs } from "../../../src/mls/commit-aad.js";
import { encodeCredential } from "../../../src/mls/credential.js";
import { Group } from "../../../src/mls/engine.js";
import { type Bytes, Device } from "../../../src/mls/index.js";
import { signerOf } from "../../../src/mls/signers.js";
import { acceptAll } from "../../support/mls.js";
import type { Random } from "../../support/random.js";
import type { Client, Surroundings } from "./client.js";
import {
  ModelServer,
  type Sender,
  type ServerChat,
  type Stored,
  type StoredInvitation,
} from "./model-server.js";

/** What the server shows a device of a chat. */
interface View {
  readonly messages: ChatMessage[];
  /** Number of messages of the chat's order that the server has shown, or withheld. */
  position: number;
  /** Number of next messages to tamper with. */
  tampering: number;
}

/** A server that withholds, repeats, reorders, relabels, forks and lies. */
export class MaliciousServer extends ModelServer {
  readonly #random: Random;
  readonly #views = new Map<string, View>();
  /** Chats of the second branch, and the devices that are shown it. */
  readonly #branch = new Map<number, ServerChat>();
  readonly #branched = new Set<string>();
  readonly #ghosts: {
    readonly user_id: number;
    readonly entry: Bytes;
    readonly keyPackage: Bytes;
  }[] = [];

  constructor(random: Random) {
    super();
    this.#random = random;
  }

  /** Returns the view of a device. */
  view({ id }: Sender, chat_id: number): View {
    const key = `${id} ${chat_id}`;
    const view = this.#views.get(key) ?? { messages: [], position: 0, tampering: 0 };
    this.#views.set(key, view);
    return view;
  }

  async perform(
    kind: "fork" | "merge" | "tamper" | "ghost",
    client: Client,
    chat_id: number,
    random: Random,
    world: Surroundings & { readonly clients: readonly Client[] },
  ): Promise<void> {
    if (kind === "tamper") {
      this.view(client, chat_id).tampering += 1 + random.below(6);
    } else if (kind === "merge") {
      this.#branched.clear();
    } else if (kind === "ghost") {
      await this.#addGhost(client, chat_id, random, world);
    } else {
      this.#fork(world.clients.filter(() => random.oneIn(2)));
    }
  }

  #fork(clients: readonly Client[]): void {
    this.#branched.clear();
    for (const { id } of clients) this.#branched.add(id);
    for (const chat of this.chats.values()) {
      const { messages, members, group_infos, acks } = chat;
      this.#branch.set(chat.chat_id, {
        ...chat,
        messages: [...messages],
        members: new Map(members),
        group_infos: [...group_infos],
        acks: new Map(acks),
      });
    }
  }

  /** Joins with a removed device, or with a new one that has a log of its own. */
  async #addGhost(
    client: Client,
    chat_id: number,
    random: Random,
    world: Surroundings & { readonly clients: readonly Client[] },
  ) {
    const now = world.now;
    const removed = world.clients.filter((one) => !this.isDevice(one));
    const joiner = random.oneIn(2) ? removed.at(-1) : undefined;
    const { user_id } = joiner ?? client;
    const device = joiner?.device ?? (await this.#newGhost(user_id, world));
    const chat = this.chats.get(chat_id)!;
    const logs = [...chat.members.keys()]
      .sort((a, b) => a - b)
      .map((id) => this.logs.get(id)!)
      .map(({ user_id, seq, head }) => ({ user_id, seq, head }));
    const client_id = world.newId();
    const commit = await Group.joinExternally(
      signerOf(device),
      chat.group_infos.at(-1)!,
      encodeCredential({ user_id, device: device.id }),
      encodeCommitAad({ chat_id, client_id, logs }),
      acceptAll,
      encodeNamedLogs(logs),
    ).catch(() => undefined);
    if (commit === undefined) return;
    const fields = { chat_id, sender_id: user_id, device: device.id, client_id, timestamp: now };
    this.store(chat, {
      ...fields,
      content: commit.message,
      nonce: new Uint8Array(12),
      epoch: Number(commit.group.epoch) - 1,
      content_type: "commit",
    });
    if (!random.oneIn(4)) return;
    chat.epoch = Number(commit.group.epoch);
    chat.group_infos.push(commit.groupInfo);
  }

  async #newGhost(user_id: number, { now, suite }: Surroundings): Promise<Device> {
    const { device, entry } = await Device.begin({ user_id, now, extractable: true });
    const { publish } = await device.keyPackages({ count: 1, suites: [suite] });
    this.#ghosts.push({ user_id, entry, keyPackage: publish[0]! });
    return device;
  }

  override chatFor({ id }: Sender, chat_id: number): ServerChat {
    const branch = this.#branched.has(id) ? this.#branch.get(chat_id) : undefined;
    return branch ?? super.chatFor({ user_id: 0, id }, chat_id);
  }

  override fetch(sender: Sender, chat_id: number, after: number): Stored[] {
    const view = this.view(sender, chat_id);
    if (this.mayRead(sender, chat_id)) {
      const { messages } = this.chatFor(sender, chat_id);
      while (view.position < messages.length) this.#show(view, messages);
    }
    return view.messages.map((message, at) => ({ seq: at + 1, message })).slice(after);
  }

  /** Shows the next message, or what the server makes of it. */
  #show(view: View, source: readonly Stored[]): void {
    const random = this.#random;
    const { message } = source[view.position]!;
    view.position += 1;
    if (view.tampering === 0) {
      view.messages.push(message);
      return;
    }
    view.tampering -= 1;
    const next = source[view.position];
    switch (random.below(10)) {
      case 0:
        return;
      case 1:
        view.messages.push(message, random.pick(view.messages.concat(message)));
        return;
      case 2:
        if (next !== undefined) view.messages.push(next.message);
        if (next !== undefined) view.position += 1;
        view.messages.push(message);
        return;
      case 3:
        view.messages.push(this.#relabelled(message), message);
        return;
      case 4: {
        const other = random.pick([...this.chats.values()]).messages;
        if (other.length > 0) {
          view.messages.push({ ...random.pick(other).message, chat_id: message.chat_id });
        }
        view.messages.push(message);
        return;
      }
      default:
        view.messages.push(this.#relabelled(message));
    }
  }

  #relabelled(message: ChatMessage): ChatMessage {
    const random = this.#random;
    const all = [...this.chats.values()].flatMap(({ messages }) => messages);
    const other = random.pick(all).message;
    const { content_type, ...rest } = message;
    const content = message.content.slice();
    content[random.below(content.length)]! ^= 1 << random.below(8);
    return random.pick<ChatMessage>([
      { ...message, sender_id: other.sender_id },
      { ...message, sender_id: other.sender_id, device: other.device! },
      { ...message, device: other.device! },
      { ...message, timestamp: message.timestamp + 1 },
      { ...message, client_id: other.client_id! },
      {
        ...message,
        sender_id: other.sender_id,
        device: other.device!,
        client_id: other.client_id!,
      },
      { ...message, epoch: message.epoch! + 1 },
      { ...message, content: other.content },
      { ...other, content: message.content },
      { ...message, content },
      content_type === undefined ? { ...message, content_type: "commit" } : rest,
    ]);
  }

  override entries(sender: Sender, user_id: number): Uint8Array[] {
    const ghost = this.#ghosts.find((one) => one.user_id === user_id);
    if (ghost !== undefined && this.#random.oneIn(4)) return [ghost.entry];
    const entries = super.entries(sender, user_id);
    return this.#random.oneIn(8)
      ? entries.slice(0, 1 + this.#random.below(entries.length))
      : entries;
  }

  override claim(sender: Sender, user_ids: readonly number[]): Bytes[] {
    const claimed = super.claim(sender, user_ids);
    const random = this.#random;
    if (random.oneIn(3)) claimed.push(...this.#ghosts.map(({ keyPackage }) => keyPackage));
    if (random.oneIn(3)) claimed.push(...[...this.keyPackages.values()].flat());
    return claimed;
  }

  override groupInfo(sender: Sender, chat_id: number): Bytes | undefined {
    if (!this.mayRead(sender, chat_id)) return undefined;
    const random = this.#random;
    const chat = random.oneIn(6)
      ? random.pick([...this.chats.values()])
      : this.chatFor(sender, chat_id);
    return random.oneIn(4) ? random.pick(chat.group_infos) : chat.group_infos.at(-1);
  }

  override invitationsFor(sender: Sender): StoredInvitation[] {
    const own = super.invitationsFor(sender);
    if (!this.#random.oneIn(4)) return own;
    const all = [...this.invitations.values()].flat();
    const chats = [...this.chats.keys()];
    return all.map((one) => ({ ...one, chat_id: this.#random.pick(chats) }));
  }
}
