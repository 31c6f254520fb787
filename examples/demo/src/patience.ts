import type { Actor } from "./actor.js";
import { DemoError } from "./demo-error.js";

/** Without anything happening, that long means that nothing will. */
const STALL_MS = 20_000;

/** Waits until a condition holds; `what` says for what. */
export type Until = (condition: () => boolean, what: string) => Promise<void>;

/** Does what waits for the actors. Throws DemoError when one of them gets an error, or none of them does anything for long. */
export async function withPatience(
  actors: readonly Actor[],
  work: (until: Until) => Promise<void>,
): Promise<void> {
  let waitingFor = "typing the first line";
  let wake = () => {};
  let fail: (error: DemoError) => void;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const stalled = setTimeout(() => {
    fail(new DemoError(`${waitingFor}: nothing happened for ${STALL_MS / 1000} s`));
  }, STALL_MS);
  const onChange = () => {
    stalled.refresh();
    const actor = actors.find(({ errors }) => errors.length > 0);
    if (actor)
      fail(new DemoError(`${waitingFor}: ${actor.name}'s client got an error: ${actor.errors[0]}`));
    wake();
  };
  for (const actor of actors) actor.on("change", onChange);
  try {
    const until: Until = async (condition, what) => {
      waitingFor = what;
      while (!condition()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    await Promise.race([work(until), failed]);
  } finally {
    clearTimeout(stalled);
    for (const actor of actors) actor.off("change", onChange);
  }
}
