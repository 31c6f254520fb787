// For platforms that allow code generation from text. Compiled checks are several times faster, and collect no issues for
// rejected input. Imports from zod's core, because a namespace import of "zod/mini" would add all of zod to a bundle.
import { type $ZodType, compileFn } from "zod/v4/core";
import { type Check, compile as interpreted } from "./compile.none.js";

/** Returns a check of one schema: compiled if zod can compile the schema, interpreted otherwise. */
export function compile<Schema extends $ZodType>(schema: Schema): Check<Schema> {
  try {
    return compileFn(schema);
  } catch {
    return interpreted(schema);
  }
}
