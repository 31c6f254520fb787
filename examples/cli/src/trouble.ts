import type { MessengerEvent } from "lacre-client";

/** Says that the stores work again after a failure. */
export const STORE_WORKS = "what this profile keeps can be written again";

/** What a person should know of something that went wrong; undefined for what did not. */
export function troubleOf(
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
          text: `${event.error.message}. The chat goes on; what is shown until then may be shown again the next time`,
        }
      );
    case "lost":
      return {
        code: "ERR_LOST",
        text: `frames were lost on the way between the server and this program (${event.frames}): what they held is asked for or sent again`,
      };
    case "gap":
      return {
        code: "ERR_GAP",
        text: `messages after number ${event.after} could not be had from the server: the chat goes on without them`,
      };
    case "rewound":
      return {
        code: "ERR_REWOUND",
        text: `the server has lost messages: its last one is number ${event.last_seq}, and number ${event.cursor} was shown already`,
      };
    case "refused":
      return {
        code: event.error?.code ?? "ERR_REFUSED",
        text: `the server sent something that is not as the protocol has it (${event.reason}), and it was left out`,
      };
  }
}
