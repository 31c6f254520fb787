import type { ChatMessage } from "lacre";
import type { OutgoingMessage, SessionAction, SessionNotice } from "lacre/session";

/** Everything that a client's application did and was told. */
export class ClientRecord {
  /** What was handed over to be sent, in order. */
  readonly written: OutgoingMessage[] = [];
  /** The seq of each message that the server has acknowledged, by client id. */
  readonly sent = new Map<string, number>();
  readonly failed = new Map<string, string>();
  readonly received: ChatMessage[] = [];
  /** What no client should hear of an honest server. */
  readonly surprises: string[] = [];
  /** Times that the server was not able to do something that a client does not ask for again, such as a mark. */
  timesUnavailable = 0;
  timesOffline = 0;

  note(heard: SessionNotice | Extract<SessionAction, { type: "failed" }>): void {
    switch (heard.type) {
      case "sent":
        return this.#noteSent(heard.client_id, heard.seq);
      case "failed":
        this.failed.set(heard.client_id, heard.error_code);
        return;
      case "message":
        this.received.push(heard.message);
        return;
      case "offline":
        this.timesOffline += 1;
        if (!heard.retry) this.surprises.push(`sent away for good with ${heard.code}`);
        return;
      case "error":
        if (heard.error.error_code === "ERR_UNAVAILABLE") this.timesUnavailable += 1;
        else this.surprises.push(JSON.stringify(heard));
        return;
      case "gap":
      case "rewound":
      case "refused":
        this.surprises.push(JSON.stringify(heard));
    }
  }

  #noteSent(clientId: string, seq: number): void {
    const before = this.sent.get(clientId) ?? seq;
    if (before !== seq) {
      this.surprises.push(`${clientId} was acknowledged as ${before} and then as ${seq}`);
    }
    this.sent.set(clientId, before);
  }
}
