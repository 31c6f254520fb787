import type { Heard } from "./client.js";

/** What a person should know of something that went wrong; undefined for what did not. */
export function troubleOf(
  heard: Heard,
): { readonly code: string; readonly text: string } | undefined {
  switch (heard.type) {
    case "failed":
      return { code: heard.error_code, text: `not sent: ${heard.error_message}` };
    case "error":
      return { code: heard.error.error_code, text: heard.error.error_message };
    case "gap":
      return {
        code: "ERR_GAP",
        text: `messages after number ${heard.after} could not be had from the server: the chat goes on without them`,
      };
    case "rewound":
      return {
        code: "ERR_REWOUND",
        text: `the server has lost messages: its last one is number ${heard.last_seq}, and number ${heard.cursor} was shown already`,
      };
    case "refused":
      return {
        code: heard.error?.code ?? "ERR_REFUSED",
        text: `the server sent something that is not as the protocol has it (${heard.reason}), and it was left out`,
      };
  }
}
