import { StatusEvent } from "lacre";
import type { Logger } from "pino";
import type { Coordination } from "../coordination/coordination.js";
import type { Store } from "../database/store.js";
import type { Connection } from "./connection.js";
import type { Connections } from "./connections.js";

/** Tells people who of those they have a chat with is there. */
export class Presence {
  readonly #store: Store;
  readonly #coordination: Coordination;
  readonly #connections: Connections;
  readonly #log: Logger;
  /** Users whose last connection has gone, and who may be back in a moment. */
  readonly #leaving = new Map<number, NodeJS.Timeout>();
  readonly #absence: number;

  constructor(
    services: { store: Store; coordination: Coordination; connections: Connections; log: Logger },
    absence: number,
  ) {
    this.#store = services.store;
    this.#coordination = services.coordination;
    this.#connections = services.connections;
    this.#log = services.log;
    this.#absence = absence;
  }

  /** A connection was greeted. */
  async entered(connection: Connection): Promise<void> {
    const { userId } = connection;
    clearTimeout(this.#leaving.get(userId));
    this.#leaving.delete(userId);
    const peers = await this.#store.listPeers(userId);
    if (await this.#coordination.enter(userId)) this.#announce(userId, peers, "user_online");
    for (const user_id of await this.#coordination.present(peers)) {
      connection.send(StatusEvent, { event_type: "user_online", user_id });
    }
  }

  /** A connection has ended. */
  left({ userId }: Connection): void {
    if (this.#connections.has(userId) || this.#leaving.has(userId)) return;
    const gone = setTimeout(() => {
      this.#leaving.delete(userId);
      void this.#leave(userId);
    }, this.#absence * 1000).unref();
    this.#leaving.set(userId, gone);
  }

  /** What another instance found out of users that nobody else tells of: only this one's connections are told. */
  async changed(userIds: readonly number[], isPresent: boolean): Promise<void> {
    for (const user_id of userIds) {
      const event_type = isPresent ? "user_online" : "user_offline";
      for (const peer of await this.#store.listPeers(user_id)) {
        for (const connection of this.#connections.of(peer)) {
          connection.send(StatusEvent, { event_type, user_id });
        }
      }
    }
  }

  close(): void {
    for (const timer of this.#leaving.values()) clearTimeout(timer);
    this.#leaving.clear();
  }

  async #leave(userId: number): Promise<void> {
    if (this.#connections.has(userId)) return;
    try {
      if (!(await this.#coordination.leave(userId))) return;
      this.#announce(userId, await this.#store.listPeers(userId), "user_offline");
    } catch (error) {
      this.#log.warn({ user_id: userId, err: error }, "nobody was told that a user left");
    }
  }

  #announce(
    user_id: number,
    user_ids: readonly number[],
    event_type: "user_online" | "user_offline",
  ): void {
    if (user_ids.length === 0) return;
    const value = { event_type, user_id, timestamp: Date.now() / 1000 };
    this.#coordination.announce({ type: "deliver", user_ids, delivery: { type: "status", value } });
  }
}
