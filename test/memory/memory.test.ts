import { describe, expect, it } from "vitest";
import * as e2e from "../../src/e2e/index.js";
import * as lacre from "../../src/index.js";
import * as mls from "../../src/mls/index.js";
import * as server from "../../src/server/index.js";
import * as session from "../../src/session/index.js";
import { detach, MisleadingBytes } from "../support/byte-arrays.js";
import type { Case } from "./case.js";
import * as ofE2e from "./e2e.js";
import { type Kind, kinds, tamper } from "./kinds.js";
import * as ofLacre from "./lacre.js";
import * as ofMls from "./mls.js";
import * as ofSessionAndServer from "./session-and-server.js";

// The library copies its arguments, and its results are copies or frozen. Each call runs twice: once the arguments and results
// are changed, once they are not. Both runs must give the same results.

const parts = {
  lacre: ofLacre,
  "lacre/e2e": ofE2e,
  "lacre/mls": ofMls,
  "lacre/session and lacre/server": ofSessionAndServer,
};
const cases = Object.values(parts).flatMap((part) => part.cases);

/**
 * Calls a function and returns its results. If `isTampered`, changes the arguments right after the call, before it resolves.
 */
async function outcome({ args, call, later }: Case, kind: Kind, isTampered: boolean) {
  const given = args((bytes) => {
    const own = kind.allocate(bytes.length);
    own.set(bytes);
    return own;
  });
  const running = call(...(given as never[]));
  if (isTampered) tamper(given, kind.change);
  const result = await running;
  if (later === undefined) return [result];
  const first = await later(result as never);
  const shown = structuredClone(first);
  if (isTampered) tamper(first);
  return [shown, await later(result as never)];
}

describe.each(kinds)("the caller's memory, $name after the call", (kind) => {
  it.each(cases.map((one) => [one.names[0], one] as const))("%s", async (_, one) => {
    const [untouched, touched] = [await outcome(one, kind, false), await outcome(one, kind, true)];
    expect(touched).toEqual(untouched);
  });
});

/** Calls a function and returns its result, or its LacreError, in a form that can be compared. */
async function resultOf({ call, later }: Case, args: unknown[]): Promise<unknown> {
  try {
    const result = await call(...(args as never[]));
    return structuredClone(later === undefined ? result : await later(result as never));
  } catch (error) {
    if (error instanceof lacre.LacreError) return error;
    throw error;
  }
}

const plain = (one: Case) => one.args((bytes) => bytes.slice());

describe("unusual arguments", () => {
  const each = cases.map((one) => [one.names[0], one] as const);

  it.each(each)("detached before the call: %s", async (_, one) => {
    let count = 0;
    const args = one.args((bytes) => {
      count += 1;
      const detached = bytes.slice();
      detach(detached);
      return detached;
    });
    const result = await resultOf(one, args);
    if (count > 0 && !one.isReported) expect(result).toBeInstanceOf(lacre.LacreError);
  });

  it.each(each)("of a malicious subclass of Uint8Array: %s", async (_, one) => {
    const args = one.args((bytes) => MisleadingBytes.holding(...bytes));
    expect(await resultOf(one, args)).toEqual(await resultOf(one, plain(one)));
  });

  it.each(each)("with getters that return a value once: %s", async (_, one) => {
    const result = await resultOf(one, plain(one).map(readableOnce));
    if (result instanceof lacre.LacreError) return;
    expect(result).toEqual(await resultOf(one, plain(one)));
  });
});

/**
 * Fields that are read more than once: a definition first checks whether they are absent, and does not copy maps that it only
 * encodes.
 */
const READ_TWICE = ["timestamp", "details", "limits"];

/** Copies plain objects with getters that return undefined from the second read on. */
function readableOnce(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(readableOnce);
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const copy = {};
  for (const [key, part] of Object.entries(value)) {
    if (READ_TWICE.includes(key)) {
      Object.assign(copy, { [key]: part });
      continue;
    }
    let answer = readableOnce(part);
    const get = () => {
      const given = answer;
      answer = undefined;
      return given;
    };
    Object.defineProperty(copy, key, { get, enumerable: true, configurable: true });
  }
  return copy;
}

/** Returns the names of all exported functions and of the members of exported classes. */
function functionsOf(exported: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(exported).flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    return [name, ...membersOf(name, value as { prototype?: object })];
  });
}

function membersOf(name: string, value: { prototype?: object }): string[] {
  if (value.prototype === undefined || value.prototype instanceof Error) return [];
  const ofClass = (of: object, mark: string) =>
    Object.getOwnPropertyNames(of)
      .filter((key) => !["constructor", "prototype", "length", "name"].includes(key))
      .map((key) => `${name}${mark}${key}`);
  return [...ofClass(value, "."), ...ofClass(value.prototype, "#")];
}

it.each([
  ["lacre", lacre],
  ["lacre/e2e", e2e],
  ["lacre/mls", mls],
  ["lacre/session and lacre/server", { ...session, ...server }],
] as const)(
  "tests each public function of %s, or lists it as one without bytes or objects",
  (name, all) => {
    const tried = parts[name].cases.flatMap(({ names }) => names);
    const named = new Set([...tried, ...parts[name].without]);
    // A class is covered if one of its members is.
    for (const known of [...named]) named.add(known.split(/[.#]/)[0]!);
    const found = functionsOf(all);
    expect(found.length).toBeGreaterThan(5);
    expect(found.filter((one) => !named.has(one))).toEqual([]);
  },
);

it("tests each method of a definition and of a registry", () => {
  const tried = cases.flatMap(({ names }) => names);
  const definition = membersOf("MessageDefinition", lacre.ChatMessage.constructor as never);
  const registry = Object.keys(lacre.createRegistry([])).map((key) => `Registry#${key}`);
  const found = [...definition, ...registry];
  expect(found.length).toBeGreaterThan(5);
  expect(found.filter((one) => !tried.includes(one))).toEqual([]);
});
