import { OwnAccounts } from "./accounts.js";
import { ContractError } from "./contract-error.js";
import { Fixture } from "./fixture.js";
import { HttpAccounts } from "./http-accounts.js";
import { HttpFixture } from "./http-fixture.js";
import type { ContractTarget } from "./target.js";

/**
 * The part of the contract that a case is in: `websocket` is what happens over connections (docs/PROTOCOL.md, section 11), `http` are
 * the endpoints of section 12.
 */
export type ContractPart = "websocket" | "http";

/** A test of one requirement on a server. */
export interface ContractCase {
  /** Required behaviour of the server. */
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that the case tests, such as `S-11`. */
  readonly requirement: string;
  /** Cases of part `websocket` use no HTTP if the target has `users`. */
  readonly part: ContractPart;
  /**
   * Runs the case against a server, with users of its own.
   *
   * @throws {ContractError} if the server behaves otherwise, does not answer in time, or cannot be reached.
   * @throws {ValidationError} if the target lacks a function that the case needs.
   */
  run(target: ContractTarget): Promise<void>;
}

const DEFAULT_TIMEOUT = 10;
/** Timeout of a case, as a multiple of the timeout of an answer. */
const TIMEOUT_FACTOR = 4;

/** Defines a case of part `websocket`. */
export function websocketCase(
  requirement: string,
  name: string,
  test: (fixture: Fixture) => Promise<void>,
): ContractCase {
  return {
    name,
    requirement,
    part: "websocket",
    async run(target) {
      const { users, timeout = DEFAULT_TIMEOUT } = target;
      const accounts = users ? new OwnAccounts(users) : new HttpAccounts(target, timeout);
      await runWith(new Fixture(accounts, timeout), test);
    },
  };
}

/** Defines a case of part `http`. */
export function httpCase(
  requirement: string,
  name: string,
  test: (fixture: HttpFixture) => Promise<void>,
): ContractCase {
  return {
    name,
    requirement,
    part: "http",
    async run(target) {
      const { timeout = DEFAULT_TIMEOUT } = target;
      await runWith(new HttpFixture(new HttpAccounts(target, timeout), timeout), test);
    },
  };
}

/** Runs a test with a fixture, and cleans the fixture up at the end. */
async function runWith<Used extends Pick<Fixture, "timeout" | "cleanUp">>(
  fixture: Used,
  test: (fixture: Used) => Promise<void>,
): Promise<void> {
  try {
    await withinTime(test(fixture), TIMEOUT_FACTOR * fixture.timeout);
  } catch (error) {
    throw asContractError(error);
  } finally {
    await withinTime(fixture.cleanUp(), fixture.timeout).catch(() => {});
  }
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
