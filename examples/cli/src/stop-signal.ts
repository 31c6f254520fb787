import { setTimeout as sleep } from "node:timers/promises";
import type { Messenger } from "lacre-client";

/** Maximum time to wait for the messenger to stop, in milliseconds. A request may be unanswered. */
const CLOSE_TIMEOUT = 2000;

/** Resolves when the program receives SIGINT or SIGTERM. */
export function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    process.once("SIGINT", () => resolve(undefined));
    process.once("SIGTERM", () => resolve(undefined));
  });
}

/** Closes the connection, and waits until pending writes are stored. */
export async function close(messenger: Messenger): Promise<void> {
  await Promise.race([messenger.stop(), sleep(CLOSE_TIMEOUT, undefined, { ref: false })]);
}
