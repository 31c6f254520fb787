import type { ChatMessage } from "lacre";
import type { Letter } from "../messages.js";

/** A transmitted packet: bytes, or text if the format is text. */
export type Packet = Uint8Array | string;

/**
 * One way to send a value such that its receiver can verify its integrity and origin. All contenders validate the value
 * with the same schema at both ends and return the same value.
 */
export interface Contender<Value> {
  readonly name: string;
  /** Number of concurrent calls; 1 by default. */
  readonly atOnce?: number;
  write(value: Value): Packet | Promise<Packet>;
  read(packet: Packet): Value | Promise<Value>;
}

/** Contenders of one library: to authenticate a chat message, and to encrypt a letter. */
export interface Entrant {
  readonly signing?: readonly Contender<ChatMessage>[];
  readonly encrypting?: readonly Contender<Letter>[];
}

/** Measures an asynchronous contender with 1 and with 64 concurrent calls. */
export function alsoInFlight<Value>(contender: Contender<Value>): Contender<Value>[] {
  return [contender, { ...contender, name: `${contender.name}, 64 in flight`, atOnce: 64 }];
}
