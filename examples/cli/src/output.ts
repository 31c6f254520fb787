import type { MessengerEvent, ReadMessage } from "lacre-client";
import { lineOf, recordOf, textOf } from "./names.js";
import { printable, printableJson } from "./printable.js";
import { troubleOf } from "./trouble.js";

/** Where a command shows what happens. `nameOf` says whose a user id is. */
export interface Output {
  ready(): void;
  event(event: MessengerEvent, nameOf: (userId: number) => string): void;
  /** Something of which only this program knows. */
  error(code: string, message: string): void;
}

/** For scripts: one JSON object a line. */
export const jsonOutput: Output = {
  ready: () => writeEvent("ready", {}),
  event(event, nameOf) {
    const record = (message: ReadMessage) => recordOf(message, nameOf(message.sender_id));
    switch (event.type) {
      case "message":
        return writeEvent("message", record(event.message));
      case "sent":
        return writeEvent("sent", record(event.message));
      case "delivered":
      case "read":
      case "typing": {
        const { type, ...mark } = event;
        return writeEvent(type, { ...mark, by: nameOf(event.user_id) });
      }
      case "presence":
        return writeEvent("presence", {
          user_id: event.user_id,
          name: nameOf(event.user_id),
          is_online: event.isOnline,
        });
      case "connection":
        return writeEvent(event.isOnline ? "online" : "offline", {});
    }
    const trouble = troubleOf(event);
    if (trouble !== undefined) jsonOutput.error(trouble.code, trouble.text);
  },
  error: (error_code, error_message) => writeEvent("error", { error_code, error_message }),
};

function writeEvent(event: string, fields: object): void {
  process.stdout.write(`${printableJson({ event, ...fields })}\n`);
}

/** For people whose terminal is none, and for files. */
export function plainOutput(greeting: string): Output {
  let wasOffline = false;
  const error = (message: string) => console.error(`  ✗ ${printable(message)}`);
  return {
    ready: () => console.error(greeting),
    event(event, nameOf) {
      switch (event.type) {
        case "message":
          return console.log(lineOf(event.message, nameOf(event.message.sender_id)));
        case "sent":
          return console.log(`  ✓ sent (${event.message.seq})`);
        case "read":
          return console.log(`  ✓✓ ${nameOf(event.user_id)} has read up to ${event.seq}`);
        case "connection":
          if (!event.isOnline) {
            console.error(
              "  offline: what you write is kept, and sent when the server can be reached",
            );
          } else if (wasOffline) {
            console.error("  online again");
          }
          wasOffline = !event.isOnline;
          return;
        case "failed":
          return error(`not sent: ${event.error_message} — ${textOf(event.message)}`);
      }
      const trouble = troubleOf(event);
      if (trouble !== undefined) error(trouble.text);
    },
    error: (_, message) => error(message),
  };
}
