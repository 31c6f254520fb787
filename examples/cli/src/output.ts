import type { MessengerEvent, ReadMessage } from "lacre-client";
import { changeLine, type LastChange } from "./auto-delete-line.js";
import { eventError, STORE_WORKS } from "./event-error.js";
import { lineOf, recordOf, textOf } from "./message-format.js";
import { printable, printableJson } from "./printable.js";
import { note, print } from "./printing.js";

/** The output of a command. Each method resolves when its output is written, or rejects with OutputError. */
export interface Output {
  ready(): Promise<void>;
  /** Shows an event. `nameOf` returns the username of a user id. */
  event(event: MessengerEvent, nameOf: (userId: number) => string): Promise<void>;
  /** Shows an error of this program, with the text that is not sent because of it. */
  error(code: string, message: string, text?: string): Promise<void>;
}

/** Output for scripts: one JSON object per line. */
export const jsonOutput: Output = {
  ready: () => writeEvent("ready", {}),
  async event(event, nameOf) {
    const record = (message: ReadMessage) => recordOf(message, nameOf(message.sender_id));
    switch (event.type) {
      case "message":
        return writeEvent("message", record(event.message));
      case "sent":
        return writeEvent("sent", record(event.message));
      case "delivered":
      case "read":
      case "typing": {
        const { type, ...fields } = event;
        return writeEvent(type, { ...fields, by: nameOf(event.user_id) });
      }
      case "auto_delete": {
        const { chat_id, auto_delete_hours, change } = event;
        const by = nameOf(change.user_id);
        return writeEvent("auto_delete", { chat_id, auto_delete_hours, ...change, by });
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
    const error = eventError(event);
    if (error === undefined) return;
    const { code: error_code, text: error_message } = error;
    const unsent = event.type === "failed" ? record(event.message) : {};
    await writeEvent("error", { error_code, error_message, ...unsent });
  },
  error: (error_code, error_message, text) =>
    writeEvent("error", { error_code, error_message, text }),
};

function writeEvent(event: string, fields: object): Promise<void> {
  return print(printableJson({ event, ...fields }));
}

const noteError = (message: string) => note(`  ✗ ${printable(message)}`);

/** Output of errors only, for `--quiet`. */
export const quietOutput: Output = {
  ready: async () => {},
  async event(event) {
    if (event.type === "failed") {
      return noteError(`not sent: ${event.error_message} — ${textOf(event.message)}`);
    }
    const error = eventError(event);
    if (error !== undefined) await noteError(error.text);
  },
  error: (_, message) => noteError(message),
};

/**
 * Output as text, for files and for terminals that cannot show a screen. `greeting` is the first line. `change` is shown at its
 * position between the messages.
 */
export function plainOutput(greeting: string, change?: LastChange): Output {
  let wasOffline = false;
  let pendingChange = change;
  const showChange = async () => {
    const { line } = pendingChange!;
    pendingChange = undefined;
    await print(line);
  };
  return {
    ready: () => note(greeting),
    async event(event, nameOf) {
      switch (event.type) {
        case "message":
          if (pendingChange !== undefined && (event.message.seq ?? 0) > pendingChange.after) {
            await showChange();
          }
          return print(lineOf(event.message, nameOf(event.message.sender_id)));
        case "caught_up":
          return pendingChange && showChange();
        case "sent":
          return print(`  ✓ sent (${event.message.seq})`);
        case "auto_delete":
          return print(changeLine(event, nameOf(event.change.user_id)));
        case "read":
          return print(`  ✓✓ ${nameOf(event.user_id)} has read up to ${event.seq}`);
        case "store":
          if (event.error === undefined) return note(`  ${STORE_WORKS}`);
          break;
        case "connection": {
          const isBack = event.isOnline && wasOffline;
          wasOffline = !event.isOnline;
          if (isBack) return note("  online again");
          if (event.isOnline) return;
          return note("  offline: what you write is kept, and sent when the server can be reached");
        }
      }
      return quietOutput.event(event, nameOf);
    },
    error: quietOutput.error,
  };
}
