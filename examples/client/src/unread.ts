/** The server counts no further than one more than this. */
const MAX_SHOWN = 999;

/**
 * Returns a number of unread messages as it is shown to a person.
 *
 * ```ts
 * shownUnread(1000); // "999+"
 * ```
 */
export function shownUnread(unread: number): string {
  return unread > MAX_SHOWN ? `${MAX_SHOWN}+` : String(unread);
}
