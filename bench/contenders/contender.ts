import type { ChatMessage } from "lacre";
import type { Letter } from "../messages.js";

/** What travels: bytes, or text for those whose format is text. */
export type Packet = Uint8Array | string;

/**
 * One way to send a value so that its receiver knows it to be whole and from a holder of the key. All check the value
 * against the same schema at both ends and yield the same value.
 */
export interface Contender<Value> {
  readonly name: string;
  /** How many calls are under way at the same time; 1 if left out. */
  readonly atOnce?: number;
  write(value: Value): Packet | Promise<Packet>;
  read(packet: Packet): Value | Promise<Value>;
}

/** What one library can do: authenticate a chat message, and seal a letter. */
export interface Entrant {
  readonly signing?: readonly Contender<ChatMessage>[];
  readonly sealing?: readonly Contender<Letter>[];
}

/** A way whose calls are asynchronous, one after the other and 64 at once. */
export function alsoInFlight<Value>(contender: Contender<Value>): Contender<Value>[] {
  return [contender, { ...contender, name: `${contender.name}, 64 in flight`, atOnce: 64 }];
}
