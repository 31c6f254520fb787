import { EventEmitter, once } from "node:events";
import type { Announcement, CoordinationListener } from "../../src/coordination/coordination.js";

/** Hears what an instance is told, and waits for it. */
export class TestListener implements CoordinationListener {
  readonly announcements: Announcement[] = [];
  readonly changes: { readonly userIds: readonly number[]; readonly isPresent: boolean }[] = [];
  timesMissed = 0;
  readonly #events = new EventEmitter();

  announced(announcement: Announcement): void {
    this.announcements.push(announcement);
    this.#events.emit("told");
  }

  missed(): void {
    this.timesMissed += 1;
    this.#events.emit("told");
  }

  presenceChanged(userIds: readonly number[], isPresent: boolean): void {
    this.changes.push({ userIds, isPresent });
    this.#events.emit("told");
  }

  /** Waits until what it was told is enough. */
  async until(isEnough: (listener: this) => boolean): Promise<void> {
    while (!isEnough(this)) await once(this.#events, "told");
  }
}
