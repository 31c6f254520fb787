import { StatusEvent } from "lacre";
import type { Logger } from "pino";
import type { Coordination } from "../coordination/coordination.js";
import type { Store } from "../database/store.js";
import type { Connection } from "./connection.js";
import type { Connections } from "./connections.js";

/** People who are told at once. */
const CHUNK = 1000;

/** Tells people who of those they have a chat with is there. */
export class Presence {
  readonly #store: Store;
  readonly #coordination: Coordination;
  readonly #connections: Connections;
  readonly #log: Logger;
  /** Users whose last connection has gone, and who may be back in a moment. */
  readonly #leaving = new Map<number, NodeJS.Timeout>();
  readonly #absence: number;
  #isClosed = false;

  /** `absence` is how many seconds a user may be gone without anybody being told. */
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
    const { userId, scope } = connection;
    clearTimeout(this.#leaving.get(userId));
    this.#leaving.delete(userId);
    const peers = await this.#store.listPeers(userId);
    if (await this.#coordination.enter(userId)) this.#announce(userId, peers, "user_online");
    const known = scope === undefined ? peers : [scope.peerId];
    for (const some of chunks(known)) {
      for (const user_id of await this.#coordination.present(some)) {
        connection.send(StatusEvent, { event_type: "user_online", user_id });
      }
    }
  }

  /** A connection has ended. */
  left({ userId }: Connection): void {
    const isStill = this.#connections.has(userId) || this.#leaving.has(userId);
    if (isStill || this.#isClosed) return;
    const gone = setTimeout(() => {
      this.#leaving.delete(userId);
      void this.#leave(userId);
    }, this.#absence * 1000);
    this.#leaving.set(userId, gone.unref());
  }

  /** Users of an instance that is gone, or was taken for gone, left or are back. */
  async changed(userIds: readonly number[], isPresent: boolean): Promise<void> {
    try {
      const present = new Set<number>();
      for (const some of chunks(userIds)) {
        for (const userId of await this.#coordination.present(some)) present.add(userId);
      }
      const event_type = isPresent ? "user_online" : "user_offline";
      for (const userId of userIds.filter((one) => present.has(one) === isPresent)) {
        this.#announce(userId, await this.#store.listPeers(userId), event_type);
      }
    } catch (error) {
      this.#log.warn({ err: error }, "nobody was told who of another instance is there");
    }
  }

  /** Nobody is told any more: who was here may be elsewhere in a moment. */
  close(): void {
    this.#isClosed = true;
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
    peers: readonly number[],
    event_type: "user_online" | "user_offline",
  ): void {
    const value = { event_type, user_id, timestamp: Date.now() / 1000 };
    for (const user_ids of chunks(peers)) {
      const delivery = { type: "status", value } as const;
      this.#coordination.announce({ type: "deliver", user_ids, delivery });
    }
  }
}

function* chunks(userIds: readonly number[]): Generator<readonly number[]> {
  for (let at = 0; at < userIds.length; at += CHUNK) yield userIds.slice(at, at + CHUNK);
}
