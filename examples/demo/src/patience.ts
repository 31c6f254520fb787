import { setTimeout as delay } from "node:timers/promises";
import type { Actor } from "./actor.js";
import { DemoError } from "./demo-error.js";

/**
 * Milliseconds without any event after which nothing is expected to happen. A client waits up to 30 s between two attempts
 * to connect, and a busy machine adds to it.
 */
const STALL_MS = 120_000;
const POLL_MS = 20;

/** Waits until a condition holds; `what` says for what. */
export type Until = (condition: () => boolean, what: string) => Promise<void>;

export interface Watch {
  /** Called when the work begins to wait for something. */
  readonly onWait?: (what: string) => void;
  /** Whether time passes without an event for a known reason. */
  readonly isExcused?: () => boolean;
  /** Why the work cannot be finished any more; undefined while it can. */
  readonly failure?: () => string | undefined;
}

/**
 * Does what waits for the actors. Throws DemoError when one of them gets an error, when `failure` gives one, or when none
 * of them does anything for STALL_MS.
 */
export async function withPatience(
  actors: readonly Actor[],
  work: (until: Until) => Promise<void>,
  { onWait = () => {}, isExcused = () => false, failure = () => undefined }: Watch = {},
): Promise<void> {
  let lastEvent = performance.now();
  const onChange = () => {
    lastEvent = performance.now();
  };
  for (const actor of actors) actor.on("change", onChange);
  try {
    await work(async (condition, what) => {
      onWait(what);
      for (;;) {
        const actor = actors.find(({ errors }) => errors.length > 0);
        if (actor) {
          throw new DemoError(`${what}: ${actor.name}'s client got an error: ${actor.errors[0]}`);
        }
        const reason = failure();
        if (reason !== undefined) throw new DemoError(`${what}: ${reason}`);
        if (condition()) return;
        if (isExcused()) onChange();
        if (performance.now() - lastEvent > STALL_MS) {
          throw new DemoError(`${what}: nothing happened for ${STALL_MS / 1000} s`);
        }
        await delay(POLL_MS);
      }
    });
  } finally {
    for (const actor of actors) actor.off("change", onChange);
  }
}
