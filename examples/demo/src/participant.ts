import { EventEmitter } from "node:events";
import type { Speaker } from "./transcript.js";

export interface SentMessage {
  readonly seq: number;
  readonly text: string;
}

export interface ReceivedMessage {
  readonly seq: number;
  readonly from: string;
  readonly text: string;
}

/** A user of the chat with a client program, and what that client has reported. Emits `change` after each report. */
export abstract class Participant extends EventEmitter<{ change: [] }> {
  readonly name: Speaker;
  /** The client program, as the report names it. */
  abstract readonly client: string;
  readonly sent: SentMessage[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly errors: string[] = [];
  /** The highest seq that the peer has read. */
  readUpTo = 0;
  /** Whether the client has opened the chat. */
  isReady = false;

  constructor(name: Speaker) {
    super();
    this.name = name;
  }

  /** Gives a line to the client. Resolves when the client can take the next one. */
  abstract send(text: string): Promise<void>;

  abstract stop(): Promise<void>;

  /** Ends the client without letting it finish anything. */
  abstract kill(): Promise<void>;

  protected fail(message: string): void {
    this.errors.push(message);
    this.emit("change");
  }
}
