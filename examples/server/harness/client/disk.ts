import type { OutgoingMessage } from "lacre/session";

/** What a client finds again when it was killed. */
export class Disk {
  outbox = new Map<string, OutgoingMessage>();
  readonly cursors = new Map<number, number>();
  /** The last entry of the outbox that went. */
  #forgotten: OutgoingMessage | undefined;

  forget(clientId: string): void {
    this.#forgotten = this.outbox.get(clientId) ?? this.#forgotten;
    this.outbox.delete(clientId);
  }

  /** As if the client was killed between an acknowledgement and the removal of its entry. */
  undoForget(): void {
    if (this.#forgotten === undefined) return;
    const { client_id } = this.#forgotten;
    // It comes before what was written after it.
    this.outbox = new Map([[client_id, this.#forgotten], ...this.outbox]);
    this.#forgotten = undefined;
  }
}
