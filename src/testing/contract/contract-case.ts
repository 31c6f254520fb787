import { ContractError } from "./contract-error.js";
import { Fixture } from "./fixture.js";
import type { ContractTarget } from "./target.js";

/** A test of one requirement on a server. */
export interface ContractCase {
  /** Required behaviour of the server. */
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that the case tests, such as `S-11`. */
  readonly requirement: string;
  /**
   * Runs the case against a server, with users of its own.
   *
   * @throws {ContractError} if the server behaves otherwise, does not answer in time, or cannot be reached.
   */
  run(target: ContractTarget): Promise<void>;
}

/** Timeout of a case, as a multiple of the timeout of an answer. */
const TIMEOUT_FACTOR = 4;

/** Defines a case that runs with a fixture of its own, which is cleaned up at the end. */
export function contractCase(
  requirement: string,
  name: string,
  test: (fixture: Fixture) => Promise<void>,
): ContractCase {
  return {
    name,
    requirement,
    async run(target) {
      const fixture = new Fixture(target);
      try {
        await withinTime(test(fixture), TIMEOUT_FACTOR * fixture.timeout);
      } catch (error) {
        throw asContractError(error);
      } finally {
        await withinTime(fixture.cleanUp(), fixture.timeout).catch(() => {});
      }
    },
  };
}

function withinTime(work: Promise<void>, seconds: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new ContractError(`the case to end within ${seconds} s`, "no end"));
    }, seconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Converts any error of a case: the server cannot be reached, or its answer is malformed. */
function asContractError(error: unknown): ContractError {
  if (error instanceof ContractError) return error;
  const { message, cause } = error as Error & { cause?: { message?: string } };
  const failure = new ContractError(
    "an answer that a client can read",
    cause?.message ? `${message}: ${cause.message}` : message,
  );
  failure.cause = error;
  return failure;
}
