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

/** One of the two with a client of their own, and what that client told us. */
export abstract class Actor extends EventEmitter<{ change: [] }> {
  readonly name: Speaker;
  /** Where they sit, for people to read. */
  abstract readonly seat: string;
  readonly sent: SentMessage[] = [];
  readonly received: ReceivedMessage[] = [];
  readonly errors: string[] = [];
  /** The seq up to which the other has read. */
  readUpTo = 0;

  constructor(name: Speaker) {
    super();
    this.name = name;
  }

  /** Writes a line, as fast as the client takes it. */
  abstract say(text: string): Promise<void>;

  abstract stop(): Promise<void>;

  protected fail(message: string): void {
    this.errors.push(message);
    this.emit("change");
  }
}
