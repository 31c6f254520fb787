import { OwnAccounts } from "./accounts.js";
import { asContractError, ContractError } from "./contract-error.js";
import { Exchange } from "./exchange.js";
import { Fixture } from "./fixture.js";
import { HttpAccounts } from "./http-accounts.js";
import { HttpFixture } from "./http-fixture.js";
import type { ContractTarget } from "./target.js";

/**
 * The part of the contract that a case is in: `websocket` is what happens over connections (docs/PROTOCOL.md, section 11), `http` are
 * the endpoints of section 12, and `devices` those of section 15, which a server may leave out.
 */
export type ContractPart = "websocket" | "http" | "devices";

/** A test of one requirement on a server. */
export interface ContractCase {
  /** Required behaviour of the server. */
  readonly name: string;
  /** The requirement of docs/PROTOCOL.md that the case tests, such as `S-11`. */
  readonly requirement: string;
  /** Cases of part `websocket` use no HTTP if the target has `users`. */
  readonly part: ContractPart;
  /** Names of cases without which this one cannot pass. */
  readonly dependsOn: readonly string[];
  /**
   * Runs the case against a server, with users of its own.
   *
   * @throws {ContractError} if the server behaves otherwise, does not answer in time, or cannot be reached.
   * @throws {ValidationError} if the target lacks a function that the case needs.
   */
  run(target: ContractTarget): Promise<void>;
}

/** Options of the definition of a case. */
export interface CaseOptions {
  /** Names of cases without which this one cannot pass. If one of them fails, a failure of this one is no fault of its own. */
  readonly dependsOn?: readonly string[];
}

const DEFAULT_TIMEOUT = 10;
/** Timeout of a case, as a multiple of the timeout of an answer. */
const TIMEOUT_FACTOR = 4;

/** Defines a case of part `websocket`. */
export function websocketCase(
  requirement: string,
  name: string,
  test: (fixture: Fixture) => Promise<void>,
  { dependsOn = [] }: CaseOptions = {},
): ContractCase {
  const run = async (target: ContractTarget) => {
    const { users, timeout = DEFAULT_TIMEOUT } = target;
    const exchange = new Exchange();
    const accounts =
      users === undefined
        ? new HttpAccounts(target, timeout, exchange)
        : new OwnAccounts(users, exchange);
    await runWith(new Fixture(accounts, { timeout, exchange }), exchange, test);
  };
  return { name, requirement, part: "websocket", dependsOn, run };
}

/** Defines a case of part `http`. */
export function httpCase(
  requirement: string,
  name: string,
  test: (fixture: HttpFixture) => Promise<void>,
  { dependsOn = [] }: CaseOptions = {},
): ContractCase {
  const run = async (target: ContractTarget) => {
    const { timeout = DEFAULT_TIMEOUT } = target;
    const exchange = new Exchange();
    const accounts = new HttpAccounts(target, timeout, exchange);
    await runWith(new HttpFixture(accounts, { timeout, exchange }), exchange, test);
  };
  return { name, requirement, part: "http", dependsOn, run };
}

/** Defines a case of part `devices`. */
export function deviceCase(...given: Parameters<typeof httpCase>): ContractCase {
  return { ...httpCase(...given), part: "devices" };
}

/** Runs a test with a fixture, and cleans the fixture up at the end. */
async function runWith<Used extends Pick<Fixture, "timeout" | "cleanUp">>(
  fixture: Used,
  exchange: Exchange,
  test: (fixture: Used) => Promise<void>,
): Promise<void> {
  try {
    await withinTime(test(fixture), TIMEOUT_FACTOR * fixture.timeout);
  } catch (error) {
    throw asContractError(error, { exchange: exchange.lines() });
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
