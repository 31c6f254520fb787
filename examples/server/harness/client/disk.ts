import type { OutgoingMessage } from "lacre/session";

/** The state of a client that survives a kill. */
export class Disk {
  outbox = new Map<string, OutgoingMessage>();
  readonly cursors = new Map<number, number>();
  /** The entry that was removed last from the outbox. */
  #removed: OutgoingMessage | undefined;

  remove(clientId: string): void {
    this.#removed = this.outbox.get(clientId) ?? this.#removed;
    this.outbox.delete(clientId);
  }

  /** Restores the entry removed last, as if the client was killed between the acknowledgement and the removal. */
  undoRemove(): void {
    if (this.#removed === undefined) return;
    const { client_id } = this.#removed;
    // The outbox is in the order of writing: the restored message precedes all later ones.
    this.outbox = new Map([[client_id, this.#removed], ...this.outbox]);
    this.#removed = undefined;
  }
}
