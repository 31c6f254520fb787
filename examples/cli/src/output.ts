export interface SentEvent {
  readonly chat_id: number;
  readonly client_id: string;
  readonly seq: number;
  readonly text: string;
}

export interface MessageEvent {
  readonly chat_id: number;
  readonly seq: number;
  readonly sender_id: number;
  readonly from: string;
  readonly text: string;
  readonly timestamp: number;
}

export interface ReadEvent {
  readonly chat_id: number;
  readonly user_id: number;
  readonly by: string;
  readonly seq: number;
}

/** Where a command shows what happens. */
export interface Output {
  ready(): void;
  online(): void;
  offline(): void;
  sent(event: SentEvent): void;
  message(event: MessageEvent): void;
  read(event: ReadEvent): void;
  error(code: string, message: string): void;
}

/** For scripts: one JSON object a line. */
export const jsonOutput: Output = {
  ready: () => writeEvent("ready", {}),
  online: () => writeEvent("online", {}),
  offline: () => writeEvent("offline", {}),
  sent: (event) => writeEvent("sent", event),
  message: (event) => writeEvent("message", event),
  read: (event) => writeEvent("read", event),
  error: (error_code, error_message) => writeEvent("error", { error_code, error_message }),
};

function writeEvent(event: string, fields: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** For people. */
export function plainOutput(greeting: string): Output {
  let wasOffline = false;
  return {
    ready: () => console.error(greeting),
    online: () => {
      if (wasOffline) console.error("  online again");
    },
    offline: () => {
      wasOffline = true;
      console.error("  offline: what you write is kept, and sent when the server can be reached");
    },
    sent: ({ seq }) => console.log(`  ✓ sent (${seq})`),
    message: ({ from, text, timestamp }) => {
      const time = new Date(timestamp * 1000).toTimeString().slice(0, 5);
      console.log(`${time} ${from}: ${printable(text)}`);
    },
    read: ({ by, seq }) => console.log(`  ✓✓ ${by} has read up to ${seq}`),
    error: (_, message) => console.error(`  ✗ ${printable(message)}`),
  };
}

/** A text without what a terminal would obey. */
function printable(text: string): string {
  return text.replaceAll("\n", "\n      ").replace(/[^\P{Cc}\n]/gu, "\u{fffd}");
}
