import { equalConstantTime, isBytes } from "../../bytes.js";
import { shown } from "./exchange.js";

/** A step that a case needs before it can test its requirement. */
export interface ContractStep {
  /** The requirement of docs/PROTOCOL.md that the step depends on. Undefined for functions of `target.users`. */
  readonly requirement?: string;
  /** Such as `register a user`. */
  readonly name: string;
  /** Name of the case that tests the step. */
  readonly testedBy?: string;
}

interface Details {
  readonly exchange?: readonly string[];
  readonly step?: ContractStep | undefined;
  readonly cause?: unknown;
}

/** A server does not meet its contract. */
export class ContractError extends Error {
  override readonly name = "ContractError";
  /** The required behaviour. */
  readonly expected: string;
  /** The behaviour of the server. */
  readonly received: string;
  /** The requests, answers and frames of the case, one a line, without credentials. At most 81 lines of 1,000 characters. */
  readonly exchange: readonly string[];
  /** The step that failed before the case could test its own requirement. Undefined if the requirement itself is not met. */
  readonly step: ContractStep | undefined;

  constructor(expected: string, received: string, { exchange = [], step, ...cause }: Details = {}) {
    const where = step === undefined ? "" : `not tested, because a step failed: ${step.name}: `;
    const lines = exchange.map((line) => `\n  ${line}`).join("");
    super(`${where}expected ${expected}; received ${received}${lines}`, cause);
    this.expected = expected;
    this.received = received;
    this.exchange = exchange;
    this.step = step;
  }
}

/** Converts any error of a case. Other errors than ContractError: the server cannot be reached, or its answer is malformed. */
export function asContractError(error: unknown, details: Details = {}): ContractError {
  if (error instanceof ContractError) {
    const { expected, received, step, cause } = error;
    const known = cause === undefined ? { step } : { step, cause };
    return new ContractError(expected, received, { ...known, ...details });
  }
  const { message, cause } = error as Error & { cause?: { message?: string } };
  const received = cause?.message ? `${message}: ${cause.message}` : message;
  return new ContractError("an answer that a client can read", received, {
    cause: error,
    ...details,
  });
}

/** Does the work of a step. An error of it names the step, or the innermost one of several. */
export async function stepOf<Result>(
  step: ContractStep,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const failure = asContractError(error);
    throw failure.step === undefined ? asContractError(failure, { step }) : failure;
  }
}

/** Throws ContractError unless `condition` is true. */
export function check(condition: boolean, expected: string, received: unknown): asserts condition {
  if (!condition)
    throw new ContractError(expected, typeof received === "string" ? received : shown(received));
}

/** Throws ContractError unless `received` deeply equals `expected`. `what` names the compared value. */
export function checkSame(what: string, received: unknown, expected: unknown): void {
  check(isSame(received, expected), `${what} to be ${shown(expected)}`, received);
}

function isSame(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (isBytes(one) && isBytes(other)) return equalConstantTime(one, other);
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => isSame(Reflect.get(one, key), Reflect.get(other, key)));
}
