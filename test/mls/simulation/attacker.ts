import { equalConstantTime } from "../../../src/bytes.js";
import type { Group } from "../../../src/mls/engine.js";
import { decryptWith, follow, groupsIn } from "../../support/mls-attacker.js";
import type { Client } from "./client.js";
import type { Simulation } from "./simulation.js";

/** The states of a device that an attacker has, who also has all messages. */
export class Attacker {
  readonly #client: Client;
  readonly #world: Simulation;
  readonly #reason: "removed" | "stolen";
  /** Stored states by chats. */
  readonly #states = new Map<number, Uint8Array>();
  /** Client ids of messages that the device had read or made. */
  readonly #known: ReadonlySet<string>;
  /** Number of texts that were encrypted. A text that is encrypted again later can be read with the state. */
  readonly #written: number;
  /** Number of messages in each chat. */
  readonly #seqs = new Map<number, number>();

  private constructor(client: Client, world: Simulation, reason: "removed" | "stolen") {
    this.#client = client;
    this.#world = world;
    this.#reason = reason;
    const { chats, reads, own } = client.disk;
    for (const [chat_id, { state }] of chats) if (state) this.#states.set(chat_id, state);
    this.#written = world.written.length;
    this.#known = new Set([...own, ...reads.map(({ client_id }) => client_id)]);
    for (const [chat_id, { messages }] of world.server.chats)
      this.#seqs.set(chat_id, messages.length);
  }

  static async of(client: Client, world: Simulation, reason: "removed" | "stolen") {
    return new Attacker(client, world, reason);
  }

  /** Tries all messages with all groups, and follows all commits. Returns the texts that must not be readable. */
  async leaks(): Promise<string[]> {
    const found: string[] = [];
    for (const [chat_id, state] of this.#states) {
      const { messages } = this.#world.server.chats.get(chat_id)!;
      const groups = await groupsIn(state);
      const secret = this.#secretFrom(chat_id, groups);
      for (const { message } of messages) {
        for (const [at, group] of groups.entries()) {
          if (message.content_type === undefined) {
            const data = await decryptWith(group, message.content);
            if (data !== undefined && this.#isSecret(message.content, secret)) {
              found.push(`${this.#reason} ${this.#client.id} reads ${message.client_id}`);
            }
            continue;
          }
          groups[at] = await follow(group, message.content);
        }
      }
    }
    return found;
  }

  /** Returns the epoch from which on the device has new keys that were not in the state. */
  #secretFrom(chat_id: number, groups: readonly Group[]): bigint {
    const { messages } = this.#world.server.chats.get(chat_id)!;
    const updates = new Set(this.#world.updates.map(({ client_id }) => client_id));
    const healing = messages.find(({ seq, message }) => {
      const isLater = seq > this.#seqs.get(chat_id)! && message.device === this.#client.id;
      // A pending commit, or a pending rejoin, whose group is in the state.
      const isStolen = groups.some(({ epoch }) => epoch === BigInt(message.epoch!) + 1n);
      return isLater && updates.has(message.client_id!) && !isStolen;
    });
    return healing === undefined ? 2n ** 64n : BigInt(healing.message.epoch!) + 1n;
  }

  #isSecret(content: Uint8Array, secretFrom: bigint): boolean {
    const { written } = this.#world;
    const at = written.findIndex((one) => equalConstantTime(one.content, content));
    const { roster, epoch, client_id } = written[at]!;
    const isKnown = at < this.#written && this.#known.has(client_id);
    return !roster.includes(this.#client.id) || epoch >= secretFrom || isKnown;
  }
}
