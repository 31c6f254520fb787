import type { StoredInChat } from "../../server/src/messages/store-messages.js";

/** Returns the stored messages in the result of a transaction: of one that stored a batch, or none. */
export function outcomesIn(result: unknown): StoredInChat[] {
  const outcomes: unknown[] = Array.isArray(result) ? result : [];
  return outcomes.filter(
    (outcome): outcome is StoredInChat => typeof outcome === "object" && "stored" in outcome!,
  );
}
