import type {
  Allowance,
  Announcement,
  Coordination,
  CoordinationListener,
  Limit,
} from "./coordination.js";
import { ExpiringMap } from "./expiring-map.js";

/** Coordination of one instance with itself. */
export class InProcess implements Coordination {
  readonly isUp = true;
  readonly #listeners: CoordinationListener[] = [];
  readonly #tickets = new ExpiringMap<string>();
  readonly #counters = new ExpiringMap<{ used: number; readonly resetsAt: number }>();
  readonly #users = new Set<number>();

  get listeners(): readonly CoordinationListener[] {
    return this.#listeners;
  }

  /** Users that are connected to this instance. */
  get users(): ReadonlySet<number> {
    return this.#users;
  }

  announce(announcement: Announcement): void {
    for (const listener of this.#listeners) listener.announced(announcement);
  }

  listen(listener: CoordinationListener): void {
    this.#listeners.push(listener);
  }

  async keepTicket(ticket: string, value: string, seconds: number): Promise<void> {
    this.#tickets.set(ticket, value, now() + seconds);
  }

  async takeTicket(ticket: string): Promise<string | undefined> {
    const value = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return value;
  }

  async consume({ name, points, window }: Limit, key: string): Promise<Allowance> {
    const id = `${name} ${key}`;
    let counter = this.#counters.get(id);
    if (counter === undefined) {
      counter = { used: 0, resetsAt: now() + window };
      this.#counters.set(id, counter, counter.resetsAt);
    }
    counter.used += 1;
    return allowance(points, counter.used, counter.resetsAt);
  }

  async enter(userId: number): Promise<boolean> {
    const isNew = !this.#users.has(userId);
    this.#users.add(userId);
    return isNew;
  }

  async leave(userId: number): Promise<boolean> {
    return this.#users.delete(userId);
  }

  async present(userIds: readonly number[]): Promise<number[]> {
    return userIds.filter((id) => this.#users.has(id));
  }

  async close(): Promise<void> {}
}

/** Where one stands who has used so many of a window's points. */
export function allowance(points: number, used: number, resetsAt: number): Allowance {
  return { isAllowed: used <= points, remaining: Math.max(0, points - used), resetsAt };
}

const now = () => Date.now() / 1000;
