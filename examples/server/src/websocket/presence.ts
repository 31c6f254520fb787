import type { Logger } from "pino";
import type { Coordination } from "../coordination/coordination.js";
import { isMutual } from "../database/contacts.js";
import { type Chat, memberIds, othersThan } from "../database/members.js";
import type { Store } from "../database/store.js";
import type { Connection } from "./connection.js";
import type { Connections } from "./connections.js";

/** Maximum user ids in one pub/sub message or presence query. */
const CHUNK = 1000;

/** Tracks which users are online and sends `user_online` and `user_offline` to their peers. */
export class Presence {
  readonly #store: Store;
  readonly #coordination: Coordination;
  readonly #connections: Connections;
  readonly #log: Logger;
  /** Timers of users whose last connection closed, and who are still shown as online. */
  readonly #leaving = new Map<number, NodeJS.Timeout>();
  /** Online users whose peers have not received `user_online` yet, because reading the peers is in progress or failed. */
  readonly #unreported = new Set<number>();
  readonly #offlineDelay: number;
  #isClosed = false;

  /** `offlineDelay` is the seconds after the last connection closes until peers receive `user_offline`. */
  constructor(
    services: { store: Store; coordination: Coordination; connections: Connections; log: Logger },
    offlineDelay: number,
  ) {
    this.#store = services.store;
    this.#coordination = services.coordination;
    this.#connections = services.connections;
    this.#log = services.log;
    this.#offlineDelay = offlineDelay;
  }

  /** Marks the user of a confirmed connection as online. If this throws, the caller may retry. */
  async entered(connection: Connection): Promise<void> {
    const { userId, scope } = connection;
    clearTimeout(this.#leaving.get(userId));
    this.#leaving.delete(userId);
    // Enter before listing the peers: a request that creates a chat at the same time then finds this user online.
    if (await this.#coordination.enter(userId)) this.#unreported.add(userId);
    const peers = await this.#store.chats.listPeers(userId);
    if (this.#unreported.delete(userId)) this.#sendToPeers(userId, peers, "user_online");
    const known = peers.filter((id) => scope === undefined || scope.peerIds.includes(id));
    for (const some of chunks(known)) {
      for (const user_id of await this.#coordination.present(some)) {
        connection.deliverStatus({ event_type: "user_online", user_id });
      }
    }
  }

  /** Schedules `user_offline` if the closed connection was the user's last one. */
  left({ userId }: Connection): void {
    const isStill = this.#connections.has(userId) || this.#leaving.has(userId);
    if (isStill || this.#isClosed) return;
    const timer = setTimeout(() => {
      this.#leaving.delete(userId);
      void this.#leave(userId);
    }, this.#offlineDelay * 1000);
    this.#leaving.set(userId, timer.unref());
  }

  /**
   * Sends each member of a chat the presence of the others, with the chat's id. This also notifies them of a new chat. If the
   * chat is a request or one member blocked the other, each appears offline to the others.
   */
  async membersChanged(chat: Chat): Promise<void> {
    const { id: chat_id } = chat;
    try {
      const known = isMutual(chat) ? memberIds(chat) : [];
      const present = await this.#coordination.present(known);
      const timestamp = Date.now() / 1000;
      for (const user_id of memberIds(chat)) {
        const event_type = present.includes(user_id) ? "user_online" : "user_offline";
        const value = { event_type, user_id, chat_id, timestamp } as const;
        const user_ids = othersThan(user_id, chat);
        const delivery = { type: "status", value } as const;
        this.#coordination.publish({ type: "deliver", user_ids, delivery });
      }
    } catch (error) {
      this.#log.warn({ chat_id, err: error }, "could not send presence to the members of a chat");
    }
  }

  /** Notifies peers of users whose instance stopped responding, or responds again. */
  async changed(userIds: readonly number[], isPresent: boolean): Promise<void> {
    try {
      const present = new Set<number>();
      for (const some of chunks(userIds)) {
        for (const userId of await this.#coordination.present(some)) present.add(userId);
      }
      const event_type = isPresent ? "user_online" : "user_offline";
      for (const userId of userIds.filter((one) => present.has(one) === isPresent)) {
        this.#sendToPeers(userId, await this.#store.chats.listPeers(userId), event_type);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "could not send presence of users of another instance");
    }
  }

  /** Stops sending `user_offline`, because clients may reconnect to another instance. */
  close(): void {
    this.#isClosed = true;
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  async #leave(userId: number): Promise<void> {
    if (this.#connections.has(userId)) return;
    this.#unreported.delete(userId);
    try {
      if (!(await this.#coordination.leave(userId))) return;
      this.#sendToPeers(userId, await this.#store.chats.listPeers(userId), "user_offline");
    } catch (error) {
      this.#log.warn({ user_id: userId, err: error }, "could not send user_offline");
    }
  }

  #sendToPeers(
    user_id: number,
    peers: readonly number[],
    event_type: "user_online" | "user_offline",
  ): void {
    const value = { event_type, user_id, timestamp: Date.now() / 1000 };
    for (const user_ids of chunks(peers)) {
      const delivery = { type: "status", value } as const;
      this.#coordination.publish({ type: "deliver", user_ids, delivery });
    }
  }
}

function* chunks(userIds: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < userIds.length; at += CHUNK) yield userIds.slice(at, at + CHUNK);
}
