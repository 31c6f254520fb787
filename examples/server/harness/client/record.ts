import type { ChatMessage } from "lacre";
import type { OutgoingMessage, SessionAction, SessionNotice } from "lacre/session";

/** Records the messages that a client's application wrote and the notices that it received. */
export class ClientRecord {
  /** Messages that the application wrote, in order. */
  readonly written: OutgoingMessage[] = [];
  /** The seq of each message that the server has acknowledged, by client id. */
  readonly sent = new Map<string, number>();
  /** The error code of each message that failed, by client id. */
  readonly failed = new Map<string, string>();
  readonly received: ChatMessage[] = [];
  /** Notices that a correct server never causes. */
  readonly unexpected: string[] = [];
  /** How often the server rejected something that the client does not repeat, such as a receipt, with ERR_UNAVAILABLE. */
  timesUnavailable = 0;
  timesOffline = 0;

  note(notice: SessionNotice | Extract<SessionAction, { type: "failed" }>): void {
    switch (notice.type) {
      case "sent":
        return this.#noteSent(notice.client_id, notice.seq);
      case "failed":
        this.failed.set(notice.client_id, notice.error_code);
        return;
      case "message":
        this.received.push(notice.message);
        return;
      case "offline":
        this.timesOffline += 1;
        if (!notice.retry) this.unexpected.push(`closed without retry, with code ${notice.code}`);
        return;
      case "error":
        if (notice.error.error_code === "ERR_UNAVAILABLE") this.timesUnavailable += 1;
        else this.unexpected.push(JSON.stringify(notice));
        return;
      case "gap":
      case "rewound":
      case "refused":
        this.unexpected.push(JSON.stringify(notice));
    }
  }

  #noteSent(clientId: string, seq: number): void {
    const before = this.sent.get(clientId) ?? seq;
    if (before !== seq) {
      this.unexpected.push(`${clientId} was acknowledged as ${before} and then as ${seq}`);
    }
    this.sent.set(clientId, before);
  }
}
