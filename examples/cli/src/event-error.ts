import type { MessengerEvent } from "lacre-client";

/** Notice that the stores work again after a failure. */
export const STORE_WORKS = "the files of this profile can be written again";

/** Returns the code and the text of an event that reports an error; undefined for other events. */
export function eventError(
  event: MessengerEvent,
): { readonly code: string; readonly text: string } | undefined {
  switch (event.type) {
    case "failed":
      return { code: event.error_code, text: `not sent: ${event.error_message}` };
    case "closed":
      return { code: event.reason.code, text: event.reason.message };
    case "error":
      return { code: event.error.error_code, text: event.error.error_message };
    case "store":
      return (
        event.error && {
          code: event.error.code,
          text: `${event.error.message}. The chat continues; messages shown until then may be shown again the next time`,
        }
      );
    case "lost":
      return {
        code: "ERR_LOST",
        text: `frames were lost between the server and this program (${event.frames}): their content is requested or sent again`,
      };
    case "gap":
      return {
        code: "ERR_GAP",
        text: `the server did not return the messages after number ${event.after}: the chat continues without them`,
      };
    case "rewound":
      return {
        code: "ERR_REWOUND",
        text: `the server has lost messages: its last one is number ${event.last_seq}, but number ${event.cursor} was shown already`,
      };
    case "refused":
      return {
        code: event.error?.code ?? "ERR_REFUSED",
        text: `the server sent data that violates the protocol (${event.reason}): it was ignored`,
      };
  }
}
