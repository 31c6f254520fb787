import { equalConstantTime, isBytes } from "../../bytes.js";

/** A server does not meet its contract. */
export class ContractError extends Error {
  override readonly name = "ContractError";
  /** The required behaviour. */
  readonly expected: string;
  /** The behaviour of the server. */
  readonly received: string;

  constructor(expected: string, received: string) {
    super(`expected ${expected}; received ${received}`);
    this.expected = expected;
    this.received = received;
  }
}

const MAX_SHOWN = 400;

/** Fields with credentials, which failures do not show. */
const SECRETS = new Set(["access_token", "refresh_token", "session_key", "ticket"]);

/** Formats a value for a failure: shortened, without credentials, and with the lengths of byte arrays. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, inner) => {
    if (SECRETS.has(key)) return "<secret>";
    return isBytes(inner) ? `<${inner.length} bytes>` : inner;
  });
  if (text === undefined) return "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
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
