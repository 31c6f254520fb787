import { setTimeout as delay } from "node:timers/promises";
import { DemoError } from "./demo-error.js";
import type { Participant } from "./participant.js";

/**
 * Maximum time without any event, in milliseconds. A client waits up to 30 s between two attempts to connect, and a busy
 * machine needs longer.
 */
const STALL_MS = 120_000;
const POLL_MS = 20;

/** Waits until a condition holds. `what` describes the condition in errors. */
export type Until = (condition: () => boolean, what: string) => Promise<void>;

export interface WaitOptions {
  /** Called when the work begins to wait for something. */
  readonly onWait?: (what: string) => void;
  /** Whether the timeout is suspended, because no events are expected. */
  readonly isSuspended?: () => boolean;
  /** Why the work can no longer be finished; undefined while it can. */
  readonly failure?: () => string | undefined;
}

/**
 * Runs `work`, with a function that waits for conditions.
 *
 * @throws {DemoError} if a participant's client reports an error, if `failure` returns one, or if no participant emits an
 *   event for STALL_MS.
 */
export async function withStallTimeout(
  participants: readonly Participant[],
  work: (until: Until) => Promise<void>,
  { onWait = () => {}, isSuspended = () => false, failure = () => undefined }: WaitOptions = {},
): Promise<void> {
  let lastEvent = performance.now();
  const onChange = () => {
    lastEvent = performance.now();
  };
  for (const participant of participants) participant.on("change", onChange);
  try {
    await work(async (condition, what) => {
      onWait(what);
      for (;;) {
        const failed = participants.find(({ errors }) => errors.length > 0);
        if (failed) {
          throw new DemoError(`${what}: ${failed.name}'s client got an error: ${failed.errors[0]}`);
        }
        const reason = failure();
        if (reason !== undefined) throw new DemoError(`${what}: ${reason}`);
        if (condition()) return;
        if (isSuspended()) onChange();
        if (performance.now() - lastEvent > STALL_MS) {
          throw new DemoError(`${what}: nothing happened for ${STALL_MS / 1000} s`);
        }
        await delay(POLL_MS);
      }
    });
  } finally {
    for (const participant of participants) participant.off("change", onChange);
  }
}
