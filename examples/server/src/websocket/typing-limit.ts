import type { StatusEvent } from "lacre";
import { ExpiringMap } from "../coordination/expiring-map.js";

/** Minimum seconds between two `typing` events of one member in one chat. */
const INTERVAL = 1;

/** Rate limit of `typing` events. Does not limit other status events. */
export class TypingLimit {
  readonly #recent = new ExpiringMap<true>();

  /** Whether a status event may be delivered now. */
  isDue(status: StatusEvent): boolean {
    return status.event_type !== "typing" || this.#recent.get(keyOf(status)) === undefined;
  }

  /** Records that a status event is delivered. Returns false if the limit does not allow it. */
  note(status: StatusEvent): boolean {
    if (!this.isDue(status)) return false;
    if (status.event_type === "typing") this.#recent.set(keyOf(status), true, INTERVAL);
    return true;
  }
}

function keyOf({ chat_id, user_id }: StatusEvent): string {
  return `${chat_id} ${user_id}`;
}
