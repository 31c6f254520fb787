import type {
  Allowance,
  Coordination,
  CoordinationListener,
  Limit,
  PubSubMessage,
} from "./coordination.js";
import { ExpiringMap } from "./expiring-map.js";

/** Coordination for a single instance, in memory. */
export class InProcess implements Coordination {
  readonly isUp = true;
  readonly #listeners: CoordinationListener[] = [];
  readonly #tickets = new ExpiringMap<string>();
  readonly #counters = new ExpiringMap<{ used: number }>();
  readonly #users = new Set<number>();

  get listeners(): readonly CoordinationListener[] {
    return this.#listeners;
  }

  /** Ids of the users connected to this instance. */
  get users(): ReadonlySet<number> {
    return this.#users;
  }

  publish(message: PubSubMessage): void {
    for (const listener of this.#listeners) listener.onMessage(message);
  }

  listen(listener: CoordinationListener): void {
    this.#listeners.push(listener);
  }

  async keepTicket(ticket: string, value: string, seconds: number): Promise<void> {
    this.#tickets.set(ticket, value, seconds);
  }

  async takeTicket(ticket: string): Promise<string | undefined> {
    const entry = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return entry?.value;
  }

  async consume({ name, points, window }: Limit, key: string): Promise<Allowance> {
    const id = `${name} ${key}`;
    const { value: counter, expiresIn } =
      this.#counters.get(id) ?? this.#counters.set(id, { used: 0 }, window);
    counter.used += 1;
    return allowance(points, counter.used, expiresIn);
  }

  async restore({ name }: Limit, key: string): Promise<void> {
    const counter = this.#counters.get(`${name} ${key}`)?.value;
    if (counter !== undefined && counter.used > 0) counter.used -= 1;
  }

  async spend(): Promise<ReadonlyMap<number, number>> {
    return new Map();
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

/** Builds the result for `used` of a window's `points`. */
export function allowance(points: number, used: number, resetsIn: number): Allowance {
  return { isAllowed: used <= points, remaining: Math.max(0, points - used), resetsIn };
}
