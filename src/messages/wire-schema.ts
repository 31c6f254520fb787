import type * as z from "zod/mini";
import type { ValidationIssue } from "../errors.js";
import { FORBIDDEN_KEYS } from "../wire/scan.js";
import { conflictsIn } from "./conflicts.js";
import { isOwnField } from "./fields.js";

/** What a definition must know of a schema before its first use. */
export interface WireSchema {
  /** Why frames cannot carry its values to a receiver with the same schema. Empty if they can. */
  readonly issues: readonly ValidationIssue[];
  /** Whether a part of the schema has one form in frames and another for the application. */
  readonly hasCodec: boolean;
}

/** The parts of zod's schemas that matter here. Each kind of schema has some of them. */
interface Definition {
  readonly type: string;
  readonly in?: unknown;
  readonly out?: unknown;
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly getter?: () => unknown;
  readonly reverseTransform?: unknown;
  readonly values?: readonly unknown[];
  readonly keyType?: z.core.$ZodType;
}

/** Where a part of a schema is. */
interface Place {
  readonly path: readonly string[];
  /** Whether its values are those of the whole schema. */
  readonly isWhole: boolean;
  /** Whether frames carry its values: not those on the application's side of a codec. */
  readonly isInFrames: boolean;
}

/** Kinds of schemas whose values are no map. */
const NO_MAP = /^(array|tuple|string|number|boolean|null|literal|enum|template_literal|nan)$/;
/** Kinds of values that MessagePack does not have. */
const NOT_IN_FRAMES = /^(bigint|date|symbol|map|set|file|function|promise)$/;
/** Parts whose values are those of the whole: what a schema wraps, and its alternatives. */
const SAME_VALUE = ["innerType", "options", "left", "right"] as const;
/** Parts whose values are inside those of the whole. */
const INSIDE = ["element", "items", "rest", "keyType", "valueType", "catchall"] as const;

/**
 * Examines the side of a schema that frames carry: what the sender encodes must be what the receiver decodes, on both wires.
 *
 * @param reserved - Names that no top-level field may have, in frames or for the application, whose values then are maps too.
 * @throws if the schema refers to one that is not created yet.
 */
export function examine(schema: unknown, reserved: readonly string[] = []): WireSchema {
  const issues: ValidationIssue[] = [];
  /** The visited parts, by the kind of place. A part can be in several. */
  const seen = new Map<string, Set<unknown>>();
  let hasCodec = false;

  const visit = (part: unknown, place: Place): void => {
    const { path, isWhole, isInFrames } = place;
    const kindOfPlace = `${isWhole} ${isInFrames}`;
    const visited = seen.get(kindOfPlace) ?? new Set();
    if (visited.has(part)) return;
    seen.set(kindOfPlace, visited.add(part));
    const report = (message: string) => void issues.push({ path, message });
    const internals = (part as z.core.$ZodType | undefined)?._zod;
    if (internals === undefined) return report("is not a schema of zod 4: create it with zod ^4.1");
    const mustBeMap = isWhole && (isInFrames || reserved.length > 0);
    const notMap = () => report("must be a schema of a plain object");
    if (isOwnField(part as z.core.$ZodType)) return mustBeMap ? notMap() : undefined;
    const def = internals.def as unknown as Definition & Readonly<Record<string, unknown>>;
    const { Class } = internals.bag as { Class?: { readonly name: string } };
    if (/^(transform|success)$/.test(def.type))
      return report("is a one-way transform, which would run at both ends: use z.codec()");
    if (mustBeMap && NO_MAP.test(def.type)) notMap();
    if (isInFrames && Class?.name === "Uint8Array")
      return report("wire 1 carries bytes as base64 text: use bytes() of lacre");
    if (Class !== undefined || NOT_IN_FRAMES.test(def.type)) {
      if (isInFrames)
        return report(`a frame cannot carry a ${Class?.name || def.type}: use z.codec()`);
      if (mustBeMap) return notMap();
    }
    if (isInFrames && def.values?.some((value) => typeof value === "bigint"))
      return report("a frame cannot carry a bigint: use z.codec()");
    hasCodec ||= typeof def.reverseTransform === "function";
    if (isInFrames) for (const message of conflictsIn(part as z.core.$ZodType)) report(message);
    visitAll([def.in, def.getter?.(), ...SAME_VALUE.map((key) => def[key])], place);
    // After a codec or a pipe come the values of the application.
    visitAll([def.out], { ...place, isInFrames: false });
    const inside = { path, isWhole: false, isInFrames };
    visitAll(
      INSIDE.map((key) => def[key]),
      inside,
    );
    for (const key of def.keyType?._zod?.values ?? [])
      reportInherited(key, [...path, `${String(key)}`]);
    for (const [key, field] of Object.entries(def.shape ?? {})) {
      const at = [...path, key];
      if (isWhole && reserved.includes(key)) issues.push({ path: at, message: "is reserved" });
      if (isInFrames && FORBIDDEN_KEYS.has(key))
        issues.push({ path: at, message: "is a forbidden key" });
      else reportInherited(key, at);
      visit(field, { ...inside, path: at });
    }
  };

  /** Zod reads `value[key]`: if the field is absent, it would get what every object inherits. */
  const reportInherited = (key: unknown, path: readonly string[]) => {
    if (typeof key === "string" && Object.hasOwn(Object.prototype, key))
      issues.push({ path, message: "is a name that every object inherits" });
  };

  const visitAll = (parts: readonly unknown[], place: Place) => {
    for (const part of parts.flat()) if (part !== undefined && part !== null) visit(part, place);
  };

  visit(schema, { path: [], isWhole: true, isInFrames: true });
  return { issues, hasCodec };
}
