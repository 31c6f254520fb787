import { ValidationError } from "./errors.js";
import { MAX_UNIX_TIME } from "./limits.js";

// Checks of the arguments of public functions. TypeScript finds most mistakes; these find the others, and those of JavaScript.

/** Returns the error about an argument, or about a field of one. */
export function invalidArgument(path: string, message: string): ValidationError {
  return new ValidationError("argument", [{ path: path.split("."), message }]);
}

/** Returns an argument that must be an object. @throws {ValidationError} if it is not an object. */
export function objectArgument<Value extends object>(value: Value, name: string): Value {
  if (typeof value === "object" && value !== null) return value;
  throw invalidArgument(name, "must be an object");
}

/** Returns the elements of an argument. @throws {ValidationError} if it is not iterable, or is text. */
export function listArgument<Value>(value: Iterable<Value>, name: string): Value[] {
  const isList =
    typeof value === "object" &&
    typeof (value as typeof value | null)?.[Symbol.iterator] === "function";
  if (!isList) throw invalidArgument(name, "must be an array or another iterable");
  return [...value];
}

/** Returns an argument that must be text. @throws {ValidationError} if it is not a string. */
export function textArgument(value: string, name: string): string {
  if (typeof value === "string") return value;
  throw invalidArgument(name, "must be text");
}

/** Returns a number of at least `minimum`. @throws {ValidationError} if it is less, NaN or not a number. */
export function numberArgument(value: number, name: string, minimum: number): number {
  if (typeof value === "number" && value >= minimum) return value;
  throw invalidArgument(name, `must be a number of at least ${minimum}`);
}

/** Returns a Unix time in seconds. @throws {ValidationError} if it is not within ±10^11: times in milliseconds are larger. */
export function timeArgument(value: number, name: string): number {
  if (typeof value === "number" && Math.abs(value) <= MAX_UNIX_TIME) return value;
  throw invalidArgument(name, "must be a Unix time in seconds, not milliseconds");
}

/** Checks that an argument has what all definitions have. @throws {ValidationError} if not. */
export function assertDefinition(value: unknown): void {
  if (typeof (value as { toProtocol?: unknown } | undefined)?.toProtocol === "function") return;
  throw invalidArgument("definition", "must be made by defineMessage");
}

/** Returns an argument that must be a function. @throws {ValidationError} if it is not one. */
export function functionArgument<Value>(value: Value, name: string): Value {
  if (typeof value === "function") return value;
  throw invalidArgument(name, "must be a function");
}
