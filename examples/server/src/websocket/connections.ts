import type { Connection } from "./connection.js";

/** Connections of this instance, by user. */
export class Connections {
  readonly #byUser = new Map<number, Set<Connection>>();
  readonly #all = new Set<Connection>();

  get all(): ReadonlySet<Connection> {
    return this.#all;
  }

  add(connection: Connection): void {
    this.#all.add(connection);
    const own = this.#byUser.get(connection.userId);
    if (own === undefined) this.#byUser.set(connection.userId, new Set([connection]));
    else own.add(connection);
  }

  delete(connection: Connection): void {
    this.#all.delete(connection);
    const own = this.#byUser.get(connection.userId);
    own?.delete(connection);
    if (own?.size === 0) this.#byUser.delete(connection.userId);
  }

  /** Returns a user's connections, oldest first. */
  of(userId: number): readonly Connection[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  /** Whether a user has a confirmed open connection. */
  has(userId: number): boolean {
    return this.of(userId).some(({ isConfirmed, isClosed }) => isConfirmed && !isClosed);
  }
}
