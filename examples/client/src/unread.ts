/** Maximum number to show. The server counts one further, so that a client knows that there are more. */
const MAX_SHOWN = 999;

/**
 * Formats a number of unread messages.
 *
 * ```ts
 * shownUnread(1000); // "999+"
 * ```
 */
export function shownUnread(unread: number): string {
  return unread > MAX_SHOWN ? `${MAX_SHOWN}+` : String(unread);
}
