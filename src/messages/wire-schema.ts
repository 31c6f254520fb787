import type * as z from "zod/mini";
import type { ValidationIssue } from "../errors.js";
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
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly getter?: () => unknown;
  readonly reverseTransform?: unknown;
}

/** Kinds of payloads that are no map. */
const NO_MAP = /^(array|tuple|string|number|boolean|null|literal|enum|template_literal|nan)$/;
/** Kinds of values that MessagePack does not have. */
const NOT_IN_FRAMES = /^(bigint|date|symbol|map|set|file|function|promise)$/;

/**
 * Examines the side of a schema that frames carry: what the sender encodes must be what the receiver decodes, on both wires.
 *
 * @throws if the schema refers to one that is not created yet.
 */
export function examine(schema: unknown): WireSchema {
  const issues: ValidationIssue[] = [];
  const seen = new Set<unknown>();
  let hasCodec = false;

  const visit = (part: unknown, path: readonly string[]) => {
    if (seen.has(part)) return;
    seen.add(part);
    const internals = (part as z.core.$ZodType | undefined)?._zod;
    const report = (message: string) => issues.push({ path, message });
    if (internals === undefined) return report("is not a schema of zod 4: create it with zod ^4.1");
    if (isOwnField(part as z.core.$ZodType)) return;
    const def = internals.def as unknown as Definition;
    const { Class } = internals.bag as { Class?: { readonly name: string } };
    if (path.length === 0 && NO_MAP.test(def.type)) report("must be a schema of a plain object");
    if (/^(transform|success)$/.test(def.type)) {
      report("is a one-way transform, which would run at both ends: use z.codec()");
    } else if (Class?.name === "Uint8Array") {
      report("wire 1 carries bytes as base64 text: use bytes() of lacre");
    } else if (Class !== undefined || NOT_IN_FRAMES.test(def.type)) {
      report(`a frame cannot carry a ${Class?.name ?? def.type}: use z.codec()`);
    } else if (typeof def.reverseTransform === "function") {
      hasCodec = true;
      visit(def.in, path);
    } else {
      for (const [key, field] of Object.entries(def.shape ?? {})) visit(field, [...path, key]);
      for (const inner of [def.getter?.(), ...Object.values(def)].flat()) {
        if ((inner as z.core.$ZodType | undefined)?._zod?.run) visit(inner, path);
      }
    }
  };

  visit(schema, []);
  return { issues, hasCodec };
}
