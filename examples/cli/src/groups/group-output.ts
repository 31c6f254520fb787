import type { MlsEvent } from "lacre/client/mls";
import { type GroupMessage, withoutRepeatedTitles } from "lacre-client/groups";
import { printable, printableJson } from "../printable.js";
import { note, print } from "../printing.js";
import type { GroupBook } from "./group-book.js";
import { formatLine, lineOf, recordOf, unreadableLine } from "./group-lines.js";

/** The output of a command about groups. Its methods reject with OutputError if standard output cannot be written. */
export interface GroupOutput {
  message(message: GroupMessage, book: GroupBook): Promise<void>;
  /** Shows that the server has stored a text of this program. */
  sent(message: GroupMessage, book: GroupBook): Promise<void>;
  /** Shows what was not shown yet. Call it when no more messages follow soon. */
  flush(): Promise<void>;
  mlsEvent(event: MlsEvent, book: GroupBook): Promise<void>;
  connection(isOnline: boolean): Promise<void>;
  error(message: string, code?: string): Promise<void>;
}

interface Failure {
  readonly code?: string;
  readonly message: string;
  readonly status?: number;
}

const noteError = (message: string) => note(`  ✗ ${printable(message)}`);

/** Output of errors and warnings only. */
export const quietGroupOutput: GroupOutput = {
  message: async () => {},
  sent: async () => {},
  flush: async () => {},
  async mlsEvent(event, book) {
    for (const line of warningsOf(event, book)) await note(`  ! ${printable(line)}`);
  },
  connection: async () => {},
  error: (message) => noteError(message),
};

/** Output for scripts: one JSON object per line. */
export const jsonGroupOutput: GroupOutput = {
  message: (message, book) => print(printableJson(recordOf(message, book))),
  sent: (message, book) => print(printableJson({ ...recordOf(message, book), event: "sent" })),
  flush: async () => {},
  async mlsEvent(event, book) {
    for (const warning of warningsOf(event, book))
      await print(printableJson({ event: "warning", warning }));
  },
  connection: (isOnline) => print(printableJson({ event: isOnline ? "online" : "offline" })),
  error: (error_message, error_code) =>
    print(printableJson({ event: "error", error_code, error_message })),
};

/** Output of one group as text. */
export function plainGroupOutput(): GroupOutput {
  const isShown = withoutRepeatedTitles();
  let unreadable: { count: number; reason: string } | undefined;
  let wasOffline = false;
  const flush = async () => {
    if (unreadable === undefined) return;
    const { count, reason } = unreadable;
    unreadable = undefined;
    await print(unreadableLine(count, reason));
  };
  return {
    ...quietGroupOutput,
    flush,
    async message(message, book) {
      if (!isShown(message)) return;
      const line = lineOf(message, book);
      if (line.kind === "unreadable") {
        if (unreadable?.reason !== line.text) await flush();
        unreadable = { count: (unreadable?.count ?? 0) + 1, reason: line.text };
        return;
      }
      await flush();
      await print(formatLine(line));
    },
    async sent({ seq, content }) {
      const isText = content?.kind === "content" && content.content.kind === "text";
      if (isText) await print(`  ✓ sent (${seq})`);
    },
    async connection(isOnline) {
      if (isOnline && wasOffline) await note("  online again");
      if (!isOnline && !wasOffline)
        await note("  offline: what you write is kept, and sent when the server can be reached");
      wasOffline = !isOnline;
    },
  };
}

/** Returns warnings about an event, as lines that are not made safe for a terminal. */
function warningsOf(event: MlsEvent, book: GroupBook): string[] {
  switch (event.type) {
    case "log": {
      const { log, before } = event;
      // The first time, all devices are new.
      if (before === 0) return [];
      const name = book.userName(log.user_id);
      return log.entries.slice(before).flatMap(({ op, subject = "" }) => {
        if (op === "add") return [`${name} has added a device: ${subject}`];
        if (op === "reset")
          return [
            `${name} has begun again with another device: groups with ${name} stop until you run lacre-chat verify ${name} --accept`,
          ];
        if (op === "remove") return [`${name} has removed a device: ${subject}`];
        return [`${name} has another recovery key: compare the numbers of lacre-chat verify again`];
      });
    }
    case "fork": {
      const { chat_id, user_id } = event;
      const name = book.userName(user_id);
      // A fork without a chat ends the command.
      if (chat_id === undefined) return [];
      return [
        `${book.nameOf(chat_id)}: a member has another list of the devices of ${name} than this device. The group is stopped: ask ${name} in person`,
      ];
    }
    case "accepted":
      return [`you have accepted the devices that ${book.userName(event.user_id)} has now`];
    case "missing": {
      const names = new Set(event.devices.map(({ user_id }) => book.userName(user_id)));
      const group = book.nameOf(event.chat_id);
      return [`${group}: devices that cannot read it yet, of ${[...names].join(", ")}`];
    }
    case "error": {
      const { code, message, status = 400 } = event.error as Failure;
      // Other failures are of the network or the server, and are repeated.
      const isFinal = code?.startsWith("ERR_") && status < 500;
      return isFinal && code !== "ERR_UNREACHABLE" ? [`${message} (${code})`] : [];
    }
    default:
      return [];
  }
}
