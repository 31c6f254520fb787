import { EventEmitter, once } from "node:events";
import type { CoordinationListener, PubSubMessage } from "../../src/coordination/coordination.js";

/** Records the events that an instance emits, and waits for them. */
export class TestListener implements CoordinationListener {
  readonly messages: PubSubMessage[] = [];
  readonly changes: { readonly userIds: readonly number[]; readonly isPresent: boolean }[] = [];
  gaps = 0;
  readonly #events = new EventEmitter();

  onMessage(message: PubSubMessage): void {
    this.messages.push(message);
    this.#events.emit("event");
  }

  onGap(): void {
    this.gaps += 1;
    this.#events.emit("event");
  }

  onPresenceChanged(userIds: readonly number[], isPresent: boolean): void {
    this.changes.push({ userIds, isPresent });
    this.#events.emit("event");
  }

  /** Waits until the recorded events are enough. */
  async until(isEnough: (listener: this) => boolean): Promise<void> {
    while (!isEnough(this)) await once(this.#events, "event");
  }
}
