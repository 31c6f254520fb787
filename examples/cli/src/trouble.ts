import type { MessengerEvent } from "lacre-client";

/** What a person should know of something that went wrong; undefined for what did not. */
export function troubleOf(
  event: MessengerEvent,
): { readonly code: string; readonly text: string } | undefined {
  switch (event.type) {
    case "failed":
      return { code: event.error_code, text: `not sent: ${event.error_message}` };
    case "error":
      return { code: event.error.error_code, text: event.error.error_message };
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
