import { setTimeout as sleep } from "node:timers/promises";
import type { Messenger } from "lacre-client";

/** How long a request that the server does not answer may hold up the end, in milliseconds. */
const CLOSING_TIME = 2000;

/** Resolves when the program is asked to end. */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve(undefined));
    process.once("SIGTERM", () => resolve(undefined));
  });
}

/** Closes the connection, and waits for what is being stored. */
export async function close(messenger: Messenger): Promise<void> {
  await Promise.race([messenger.stop(), sleep(CLOSING_TIME, undefined, { ref: false })]);
}
