import { ContractFailure } from "./failure.js";
import { Stage } from "./stage.js";
import type { ContractTarget } from "./target.js";

/** One thing that a server must do, and how to see whether it does. */
export interface ContractCase {
  /** What holds, in words. */
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that it holds, such as `S-11`. */
  readonly requirement: string;
  /**
   * Plays the case against a server, with users of its own. Throws ContractFailure where the server does otherwise, says
   * nothing in time, or gives the case no stage to play on.
   */
  run(target: ContractTarget): Promise<void>;
}

/** How many answers long a case may take. */
const ANSWERS_PER_CASE = 4;

/** A case that is played on a stage of its own, which it leaves as it ends. */
export function contractCase(
  requirement: string,
  name: string,
  play: (stage: Stage) => Promise<void>,
): ContractCase {
  return {
    name,
    requirement,
    async run(target) {
      const stage = new Stage(target);
      try {
        await withinTime(play(stage), ANSWERS_PER_CASE * stage.timeout);
      } catch (error) {
        throw asFailure(error);
      } finally {
        await withinTime(stage.leave(), stage.timeout).catch(() => {});
      }
    },
  };
}

function withinTime(work: Promise<void>, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = setTimeout(() => {
      reject(new ContractFailure(`the case to end within ${seconds} s`, "no end"));
    }, seconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(giveUp));
  });
}

/** Whatever breaks a case is the server's: it is not there, or says what no client can read. */
function asFailure(error: unknown): ContractFailure {
  if (error instanceof ContractFailure) return error;
  const { message, cause } = error as Error & { cause?: { message?: string } };
  const failure = new ContractFailure(
    "an answer that a client can read",
    cause?.message ? `${message}: ${cause.message}` : message,
  );
  failure.cause = error;
  return failure;
}
