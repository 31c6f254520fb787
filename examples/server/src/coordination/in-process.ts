import type { Allowance, Announcement, Coordination, Limit } from "./coordination.js";

/** Coordination of one instance with itself. */
export class InProcess implements Coordination {
  readonly #listeners: ((announcement: Announcement) => void)[] = [];
  readonly #tickets = new Map<string, { readonly value: string; readonly expires: number }>();
  readonly #counters = new Map<string, { used: number; readonly resetsAt: number }>();
  readonly #connections = new Map<number, Set<string>>();

  announce(announcement: Announcement): void {
    for (const listener of this.#listeners) listener(announcement);
  }

  onAnnouncement(listener: (announcement: Announcement) => void): void {
    this.#listeners.push(listener);
  }

  async keepTicket(ticket: string, value: string, seconds: number): Promise<void> {
    this.#tickets.set(ticket, { value, expires: now() + seconds });
  }

  async takeTicket(ticket: string): Promise<string | undefined> {
    const kept = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return kept !== undefined && kept.expires > now() ? kept.value : undefined;
  }

  async consume({ name, points, window }: Limit, key: string): Promise<Allowance> {
    const id = `${name} ${key}`;
    let counter = this.#counters.get(id);
    if (counter === undefined || counter.resetsAt <= now()) {
      counter = { used: 0, resetsAt: now() + window };
      this.#counters.set(id, counter);
    }
    counter.used += 1;
    const { used, resetsAt } = counter;
    return { isAllowed: used <= points, remaining: Math.max(0, points - used), resetsAt };
  }

  async enter(userId: number, connectionId: string): Promise<boolean> {
    const connections = this.#connections.get(userId) ?? new Set();
    this.#connections.set(userId, connections.add(connectionId));
    return connections.size === 1;
  }

  async leave(userId: number, connectionId: string): Promise<boolean> {
    const connections = this.#connections.get(userId);
    if (!connections?.delete(connectionId)) return false;
    if (connections.size > 0) return false;
    this.#connections.delete(userId);
    return true;
  }

  async present(userIds: readonly number[]): Promise<number[]> {
    return userIds.filter((id) => this.#connections.has(id));
  }

  async close(): Promise<void> {}
}

const now = () => Date.now() / 1000;
