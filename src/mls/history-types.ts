import type { Content } from "../e2e/content.js";
import type { AnyContentDefinition } from "../messages/define-content.js";
import type { ChunkHead } from "./history-layout.js";

/** A read message of an MLS chat. */
export interface HistoryMessage<Definition extends AnyContentDefinition = never> {
  readonly seq: number;
  readonly sender_id: number;
  /** Id of the device that sent it. */
  readonly device: string;
  readonly client_id: string;
  /** Time of its sender, Unix time in seconds. */
  readonly timestamp: number;
  /** Time at which the server stored it, Unix time in seconds. */
  readonly stored_at: number;
  readonly content: Content<Definition>;
}

/** What a device knows of the log of a user. */
export interface HistoryPin {
  readonly user_id: number;
  /** Number of entries of the log. */
  readonly seq: number;
  /** Head of the last entry, 32 bytes. */
  readonly head: Uint8Array;
  /** Whether the user was verified by the safety number. */
  readonly isVerified: boolean;
}

/** The contents of a chunk: messages of a chat by ascending seq, or the pinned logs. */
export type HistoryContents<Definition extends AnyContentDefinition = never> =
  | {
      readonly kind: "messages";
      readonly chat_id: number;
      readonly messages: readonly HistoryMessage<Definition>[];
    }
  | { readonly kind: "pins"; readonly pins: readonly HistoryPin[] };

/** The clear fields of a chunk. */
export interface HistoryHeader extends Omit<ChunkHead, "kind" | "time"> {
  readonly kind: HistoryContents["kind"];
}
