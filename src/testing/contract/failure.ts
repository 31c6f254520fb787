import { equalConstantTime, isBytes } from "../../bytes.js";

/** What a server does otherwise than its contract says: what was expected of it, and what came. */
export class ContractFailure extends Error {
  override readonly name = "ContractFailure";
  readonly expected: string;
  readonly came: string;

  constructor(expected: string, came: string) {
    super(`expected ${expected}; came ${came}`);
    this.expected = expected;
    this.came = came;
  }
}

const MAX_SHOWN = 400;

/** What lets somebody in, which no report is to show. */
const SECRETS = new Set(["access_token", "refresh_token", "session_key", "ticket"]);

/** A value as a failure shows it: short, with bytes counted, and without secrets. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (key, inner) => {
    if (SECRETS.has(key)) return "<secret>";
    return isBytes(inner) ? `<${inner.length} bytes>` : inner;
  });
  if (text === undefined) return "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

/** Throws ContractFailure unless `came` is so. */
export function check(isSo: boolean, expected: string, came: unknown): asserts isSo {
  if (!isSo) throw new ContractFailure(expected, typeof came === "string" ? came : shown(came));
}

/** Throws ContractFailure unless `came` is `expected`, by value; `what` says of what. */
export function checkSame(what: string, came: unknown, expected: unknown): void {
  check(isSame(came, expected), `${what} to be ${shown(expected)}`, came);
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
